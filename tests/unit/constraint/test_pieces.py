from picoserve.constraint.pieces import Pieces


def test_the_current_piece_holds_the_first_unread_byte() -> None:
    pieces = Pieces()
    assert (pieces.current, pieces.accepted_part()) == (0, b"")
    for piece in (b"ab", b"cde", b"f"):
        pieces.add(piece)

    pieces.advance(3)

    assert (len(pieces), pieces.current, pieces.accepted_part()) == (3, 1, b"c")
    pieces.advance(2)
    assert (pieces.current, pieces.accepted_part()) == (2, b"")
    pieces.clear()
    assert len(pieces) == 0
