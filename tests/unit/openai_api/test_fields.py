from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.fields import CHAT_FIELDS, KNOWN_FIELDS


def test_no_field_stands_twice() -> None:
    assert len(KNOWN_FIELDS) == len(CHAT_FIELDS)


def test_every_field_that_the_request_reads_is_in_the_table() -> None:
    assert set(ChatRequest.model_fields) <= KNOWN_FIELDS


def test_every_field_of_the_stock_client_is_in_the_table() -> None:
    assert set(CompletionCreateParamsStreaming.__annotations__) <= KNOWN_FIELDS
