from hypothesis import example, given, settings
from hypothesis import strategies as st

from picoserve.pool.prefix import common_prefix_length


@given(shared=st.text("ab", max_size=40), left=st.text("ab"), right=st.text("ab"))
@example("", "", "")
@example("x", "", "x")
@settings(max_examples=150)
def test_length_is_that_of_the_common_beginning(shared: str, left: str, right: str) -> None:
    one, other = shared + left, shared + right

    length = common_prefix_length(one, other)

    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or one == other
