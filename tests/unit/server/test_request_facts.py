from picoserve.generation import FinishReason, Job, Usage
from picoserve.pipeline.record import GenerationRecord
from picoserve.server.request_facts import RequestFacts, begin_facts, facts_of


def record(*, finish: FinishReason | None = None, error: str = "") -> GenerationRecord:
    made = GenerationRecord("model", Job("prompt"), engine="engine", error=error)
    if finish:
        made.note_finish(finish, Usage(3, 2, 1))
    return made


def test_facts_stay_with_their_scope() -> None:
    scope: dict[str, object] = {}

    facts = begin_facts(scope, "one")

    assert facts_of(scope) is facts
    assert facts_of({}).id == ""


def test_a_request_that_made_no_job_has_no_finish() -> None:
    facts = RequestFacts(status=200)

    assert (facts.finish, facts.client_gone, facts.usage, facts.engines) == ("", False, None, "")


def test_unfinished_without_an_error_means_that_the_client_left() -> None:
    facts = RequestFacts(records=[record(finish=FinishReason.STOP), record()])

    assert (facts.client_gone, facts.finish, facts.usage) == (True, "abort", None)


def test_the_failure_of_one_job_is_that_of_the_request() -> None:
    facts = RequestFacts(status=200, records=[record(), record(error="engine_error")])

    assert (facts.client_gone, facts.finish, facts.failure) == (False, "error", "engine_error")


def test_choices_that_end_differently_are_mixed() -> None:
    ends = [record(finish=FinishReason.STOP), record(finish=FinishReason.LENGTH)]

    assert RequestFacts(records=ends).finish == "mixed"
    assert RequestFacts(records=ends[:1]).finish == "stop"
    assert RequestFacts(records=ends).engines == "engine"


def test_prompts_are_counted_once_each() -> None:
    ends = [record(finish=FinishReason.STOP)] * 4

    assert RequestFacts(records=ends).usage == Usage(3, 8, 1)
    assert RequestFacts(records=ends, prompts=2).usage == Usage(6, 8, 1)


def test_cut_choices_cost_their_prompt_once_whichever_has_begun() -> None:
    begun, waiting = record(), record()
    begun.note_start(1000)
    begun.pieces = 5

    assert RequestFacts(records=[begun, waiting]).spent_tokens == 1005
    assert RequestFacts(records=[waiting, begun]).spent_tokens == 1005


def test_nobody_left_to_answer_is_shown_as_499() -> None:
    assert RequestFacts(status=204).shown_status == 499
    assert RequestFacts(status=404).shown_status == 404
