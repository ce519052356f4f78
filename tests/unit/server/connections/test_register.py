from picoserve.server.connections.register import ConnectionLimits, ConnectionRegister, Standing


class Line:
    """A connection that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def give_way(self) -> None:
        self.closed = True


def full(*, most: int = 2) -> tuple[ConnectionRegister, list[Line]]:
    register = ConnectionRegister(ConnectionLimits(max_connections=most))
    lines = [Line() for _ in range(most)]
    assert [register.enter(line) for line in lines] == [Standing.SERVED] * most
    return register, lines


def test_connection_that_rested_first_gives_way_first() -> None:
    register, (first, second) = full()
    register.rest(second)
    register.rest(first)

    assert register.enter(Line()) is Standing.SERVED
    assert (first.closed, second.closed) == (False, True)


def test_connection_that_works_again_stays() -> None:
    register, lines = full()
    register.rest(lines[0])
    register.work(lines[0])

    assert register.enter(Line()) is Standing.SURPLUS
    assert not lines[0].closed


def test_place_of_a_closed_connection_is_free() -> None:
    register, lines = full()
    register.leave(lines[0])
    register.leave(lines[0])

    assert register.enter(Line()) is Standing.SERVED
    assert register.enter(Line()) is Standing.SURPLUS


def test_surplus_ends_too() -> None:
    register, _ = full()
    surplus = [Line() for _ in range(65)]

    standings = [register.enter(line) for line in surplus]
    register.rest(surplus[0])
    register.leave(surplus[0])

    assert standings == [Standing.SURPLUS] * 64 + [Standing.REFUSED]
    assert register.enter(Line()) is Standing.SURPLUS
