"""Members of an object in the order of its schema."""

from picoserve.output.ordered_object import OrderedObject


def put(members: OrderedObject, **values: bytes) -> bytes:
    for key, value in values.items():
        members.open(key)
        members.add(value)
        members.close()
    return members.take()


def test_members_in_order_pass_at_once() -> None:
    members = OrderedObject(["a", "b"])

    assert put(members, a=b"1") == b'{"a": 1'
    members.open("b")
    members.add(b'"x')
    assert members.take() == b', "b": "x'


def test_member_waits_for_those_before_it() -> None:
    members = OrderedObject(["a", "b", "c"])

    assert put(members, c=b"3", b=b"2") == b"{"
    assert put(members, a=b"1") == b'"a": 1, "b": 2, "c": 3'


def test_what_never_comes_is_awaited_until_the_end_only() -> None:
    members = OrderedObject(["a", "b", "c"])

    assert put(members, d=b"4", c=b"3") == b"{"
    members.open("b")
    members.add(b"2")
    members.end()
    assert members.take() == b'"b": 2, "c": 3, "d": 4}'


def test_second_member_of_a_name_is_left_out() -> None:
    members = OrderedObject(["a"])
    assert put(members, a=b"1") == b'{"a": 1'

    assert put(members, a=b"5", b=b"2") == b""
    assert put(members, b=b"3") == b""
    members.end()
    assert members.take() == b', "b": 2}'
