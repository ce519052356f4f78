"""The stock LiveKit client with images in its conversation."""

from collections.abc import Generator
from pathlib import Path

import pytest
from livekit.agents import APIStatusError
from livekit.agents.llm import ChatContext, ImageContent
from livekit.rtc import VideoBufferType, VideoFrame
from tests.clients.test_livekit import livekit_llm, said
from tests.standin.model_script import ModelScript, Reply
from tests.support.images import data_url, encoded, picture
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server

SCRIPT = ModelScript(
    model="qwen3-vl-2b-it [5.37 v1]",
    vision=True,
    eos="<|im_end|>",
    replies=[Reply(kind="image", text="{user} {width}x{height} of {rgb}")],
)


@pytest.fixture(scope="module")
def eyes(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    folder = tmp_path_factory.mktemp("livekit-images")
    config = standin_model(standin_library, folder, SCRIPT, name="eyes")
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


def looking_at(*images: ImageContent) -> ChatContext:
    context = ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content=["What is it?", *images])
    return context


def frame() -> VideoFrame:
    return VideoFrame(64, 32, VideoBufferType.RGBA, bytes((0, 0, 255, 255)) * (64 * 32))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])
async def test_image_of_a_data_url_is_seen(eyes: RunningServer, kind: str) -> None:
    image = ImageContent(image=data_url(encoded(picture(), kind), f"image/{kind}"))
    async with livekit_llm(eyes, "eyes") as llm:
        text, usage = await said(llm, looking_at(image))

    assert text.startswith("Be brief.\n\nWhat is it? 40x20 of 25")
    assert usage
    assert usage.prompt_tokens > 0


async def test_frame_of_a_video_is_seen(eyes: RunningServer) -> None:
    image = ImageContent(image=frame(), inference_detail="low")
    async with livekit_llm(eyes, "eyes") as llm:
        text, _ = await said(llm, looking_at(image))

    assert "64x32 of 0,0,25" in text


async def test_second_image_is_an_error_that_is_not_tried_again(eyes: RunningServer) -> None:
    image = ImageContent(image=data_url())
    async with livekit_llm(eyes, "eyes") as llm:
        with pytest.raises(APIStatusError) as raised:
            await said(llm, looking_at(image, image))

    assert raised.value.status_code == 400
    assert not raised.value.retryable
    assert "second image" in str(raised.value.body)
