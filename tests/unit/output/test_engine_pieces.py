"""An engine's pieces without end marks, with the tokens that they are."""

from picoserve.generation import TokenLogprob
from picoserve.output.engine_pieces import EnginePiece, EnginePieces

TOKEN = TokenLogprob(b"abc", -1.0)


def test_piece_keeps_its_number_and_its_token() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"xy", ()) == EnginePiece(b"xy", None, 0)
    assert pieces.read(b"abc", (TOKEN,)) == EnginePiece(b"abc", TOKEN, 1)
    assert pieces.read(b"other", (TOKEN,)) == EnginePiece(b"other", None, 2)


def test_piece_that_is_held_back_is_no_single_piece_any_more() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"a<e", ()) == EnginePiece(b"a")
    assert pieces.read(b"x", ()) == EnginePiece(b"<ex")
    assert pieces.rest(b"y<") == EnginePiece(b"y<")


def test_end_mark_ends_one_call_and_not_the_next() -> None:
    pieces = EnginePieces(["<end>"])

    assert pieces.read(b"a<end>b", ()).data == b"a"
    stopped = [pieces.stopped]
    pieces.restart()
    assert [*stopped, pieces.stopped] == [True, False]
    assert pieces.read(b"c", ()) == EnginePiece(b"c", None, 0)
