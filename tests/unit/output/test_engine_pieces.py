"""An engine's pieces without end marks, each byte with the token that it is part of."""

from picoserve.generation import TokenLogprob
from picoserve.output.engine_pieces import EnginePiece, EnginePieces, PlacedToken

ABC, DE, FG = (TokenLogprob(text, -1.0) for text in (b"abc", b"de", b"fg"))


def test_piece_knows_its_place_and_each_byte_its_token() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"abc", (ABC,)) == EnginePiece(b"abc", 0)
    assert pieces.read(b"de", (DE,)) == EnginePiece(b"de", 3)
    assert [pieces.token_at(at) for at in (0, 2, 3, 5)] == [
        PlacedToken(ABC, 0),
        PlacedToken(ABC, 0),
        PlacedToken(DE, 3),
        None,
    ]


def test_tokens_may_come_at_the_end_of_the_call() -> None:
    pieces = EnginePieces(["<end>"])
    pieces.read(b"abcd")

    before = (pieces.is_told(0), pieces.token_at(0))
    pieces.rest(b"e", (ABC, DE))

    assert before == (False, None)
    assert pieces.is_told(4)
    assert pieces.token_at(4) == PlacedToken(DE, 3)


def test_engine_that_tells_no_tokens_has_told_all_when_its_call_ends() -> None:
    pieces = EnginePieces(())
    pieces.read(b"abc")
    pieces.rest(b"")

    assert (pieces.is_told(2), pieces.token_at(2)) == (True, None)


def test_what_is_held_back_keeps_its_place() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"a<e") == EnginePiece(b"a", 0)
    assert pieces.read(b"x") == EnginePiece(b"<ex", 1)
    assert pieces.rest(b"y<") == EnginePiece(b"y<", 4)


def test_end_mark_ends_one_call_and_not_the_next() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"a<end>b").data == b"a"
    stopped = [pieces.stopped]
    pieces.restart()
    assert [*stopped, pieces.stopped] == [True, False]
    assert pieces.read(b"c") == EnginePiece(b"c", 1)


def test_places_go_on_over_calls_with_the_tokens_of_each() -> None:
    pieces = EnginePieces(())
    pieces.read(b"abc", (ABC, DE))  # the engine was faster than the reader
    pieces.restart()

    assert pieces.read(b"fg", (FG,)) == EnginePiece(b"fg", 5)
    assert pieces.token_at(5) == PlacedToken(FG, 5)
    assert pieces.token_at(0) is None


def test_another_token_takes_the_place_of_one() -> None:
    pieces = EnginePieces(())
    pieces.read(b"abcde", (ABC, DE))

    pieces.replace(PlacedToken(ABC, 0), FG)

    assert pieces.token_at(2) == PlacedToken(FG, 0)
    assert pieces.token_at(3) == PlacedToken(DE, 3)
