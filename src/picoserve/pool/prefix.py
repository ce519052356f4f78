"""How much of a prompt an engine has already read."""


def common_prefix_length(left: str, right: str) -> int:
    """Characters that two texts share from the start.

    Compares slices instead of characters: halving finds the border of a 100 kB prefix in
    microseconds, where a loop takes milliseconds.
    """
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
