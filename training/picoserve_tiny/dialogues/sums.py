"""Small sums, counting, and the bigger of two numbers."""

from picoserve_tiny import lists
from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting
from picoserve_tiny.source import Source

_ASK = (
    "What is {first} {sign} {second}?",
    "What's {first} {sign} {second}?",
    "[How much is|How much's] {first} {sign} {second}?",
    "{first} {sign} {second}?",
    "{first} {sign} {second} =",
    "{first} {sign} {second}[| = ?]",
    "[Calculate|Compute|Work out|Solve] {first} {sign} {second}[.|]",
    "[Can you|Could you|Please] [add|calculate|tell me|compute] {first} {sign} {second}[?|]",
    "[Tell me|Do you know] what {first} {sign} {second} is[.|?]",
    "[What do you get for|What does] {first} {sign} {second}[| make]?",
    "[The result of|The sum] {first} {sign} {second}[, please|]?",
)
_COUNT = (
    "Count to {number}[.|, please.]",
    "[Can you|Please|Could you] count to {number}[?|]",
    "Count from [one|1] to {number}[.|]",
    "Count up to {number}[.|]",
    "[Say|List|Give me] the numbers from 1 to {number}[.|]",
    "I want to hear you count to {number}[.|]",
    "[Counting|A count] to {number}, please.",
)
_BIGGER = (
    "[Which|What] is [bigger|larger|greater|more], {first} or {second}?",
    "Is {first} or {second} [bigger|larger|greater]?",
    "[Which number|What number] is [bigger|larger], {first} or {second}?",
    "Tell me [which is bigger|the bigger one|the larger number], {first} or {second}[.|]",
    "{first} or {second}, [which is bigger|which is more]?",
    "[Pick|Choose|Name] the [bigger|larger] of {first} and {second}[.|]",
    "What is the [larger|bigger] of {first} and {second}?",
)
_IS_BIGGER = (
    "Is {first} [bigger|larger|greater|more] than {second}?",
    "Is it true that {first} is [bigger|larger|more] than {second}?",
    "{first} is [bigger|larger|more] than {second}, [right|correct|is it]?",
    "Would you say {first} is [bigger|larger] than {second}?",
    "[Check|Tell me] if {first} is [bigger|larger] than {second}[.|]",
    "{first} > {second}?",
)
_SIGNS = {"+": ("+", "plus"), "-": ("-", "minus"), "*": ("times", "x", "*")}


def add(conversation: Conversation) -> None:
    """One sum, difference or product of small numbers."""
    source = conversation.source
    operation = source.pick(("+", "+", "+", "-", "-", "*", "*"))
    if operation == "*":
        first, second = source.number(0, 10), source.number(0, 10)
        result, word = first * second, "times"
    elif operation == "+":
        top = source.pick((10, 10, 10, 10, 20))
        first, second = source.number(0, top), source.number(0, top)
        result, word = first + second, "plus"
    else:
        first = source.number(0, source.pick((10, 10, 20)))
        second = source.number(0, first)
        result, word = first - second, "minus"
    shown: list[str] = [str(first), str(second)]
    if max(first, second) <= 20 and source.chance(0.25):
        shown = [lists.NUMBER_WORDS[first], lists.NUMBER_WORDS[second]]
    sign = source.pick(_SIGNS[operation])
    said = source.phrase(_ASK, first=shown[0], sign=sign, second=shown[1])
    if not source.held_out and shown[0].isdigit() and len(sign) == 1 and source.chance(0.4):
        said = said.replace(f" {sign} ", sign)
    conversation.exchange(said, f"{first} {word} {second} is {result}.", str(result))


def count(conversation: Conversation) -> None:
    """Counting up to a number."""
    source = conversation.source
    number = source.number(2, 12)
    shown = source.pick((str(number), lists.NUMBER_WORDS[number]))
    text = ", ".join(str(step) for step in range(1, number + 1)) + "."
    conversation.exchange(source.phrase(_COUNT, number=shown), text, must=(text,))


def bigger(conversation: Conversation) -> None:
    """The bigger of two numbers."""
    source = conversation.source
    top = source.pick((9, 99, 99))
    first, second = source.number(0, top), source.number(0, top)
    if first == second:
        second += 1
    most, least = max(first, second), min(first, second)
    if source.chance(0.35):
        said = source.phrase(_IS_BIGGER, first=first, second=second)
        lead = "Yes" if first > second else "No"
        conversation.exchange(said, f"{lead}, {most} is bigger than {least}.", lead)
        return
    said = source.phrase(_BIGGER, first=first, second=second)
    conversation.exchange(said, f"{most} is bigger than {least}.", str(most), must=(f"{most} is",))


def generate(source: Source) -> Conversation:
    """A chat with sums."""
    conversation = Conversation(source, "small sums")
    setting.introduce(conversation, personas=0.1, styles=0.0 if source.held_out else 0.1)
    for _ in range(source.pick((1, 2, 4, 6))):
        source.pick((add, add, add, count, bigger))(conversation)
    return conversation
