"""Common facts: capitals and a few dozen others. What is not here is not known."""

from typing import Final

from picoserve_tiny.conversation import Conversation
from picoserve_tiny.dialogues import setting
from picoserve_tiny.source import Source

CAPITALS: Final = {
    "France": "Paris", "Germany": "Berlin", "Spain": "Madrid", "Italy": "Rome",
    "Portugal": "Lisbon", "England": "London", "Ireland": "Dublin", "Norway": "Oslo",
    "Sweden": "Stockholm", "Denmark": "Copenhagen", "Finland": "Helsinki", "Poland": "Warsaw",
    "Austria": "Vienna", "Switzerland": "Bern", "Belgium": "Brussels", "Greece": "Athens",
    "Hungary": "Budapest", "Russia": "Moscow", "Ukraine": "Kyiv", "Turkey": "Ankara",
    "Egypt": "Cairo", "Kenya": "Nairobi", "Japan": "Tokyo", "China": "Beijing",
    "India": "New Delhi", "Thailand": "Bangkok", "South Korea": "Seoul", "Canada": "Ottawa",
    "the United States": "Washington", "Mexico": "Mexico City", "Brazil": "Brasilia",
    "Argentina": "Buenos Aires", "Chile": "Santiago", "Peru": "Lima", "Cuba": "Havana",
    "Australia": "Canberra", "New Zealand": "Wellington", "the Netherlands": "Amsterdam",
    "Iceland": "Reykjavik", "Colombia": "Bogota",
}  # fmt: skip
_CAPITAL = (
    "What is the capital of {land}?",
    "What's the capital of {land}?",
    "[Do you know|Can you tell me|Tell me|Name] the capital of {land}[?|]",
    "[Which|What] city is the capital of {land}?",
    "The capital of {land}[?| is?]",
    "[Hi|Hello|Hey], what is the capital of {land}?",
    "{land}'s capital[?| is what?]",
    "[What|Which] capital does {land} have?",
    "Capital of {land}[?|, please]",
    "What is the capital city of {land}?",
)
_FACTS: Final = (
    (("What colo[|u]r is the sky?", "The sky is what colo[|u]r?", "Tell me the colo[|u]r of the "
      "sky."), "The sky is blue.", "Blue"),
    (("What colo[|u]r is grass?", "What is the colo[|u]r of grass?", "Grass has what colo[|u]r?"),
     "Grass is green.", "Green"),
    (("What colo[|u]r is snow?", "What is the colo[|u]r of snow?", "Snow has what colo[|u]r?"),
     "Snow is white.", "White"),
    (("What colo[|u]r is a banana?", "What is the colo[|u]r of [a banana|bananas]?",
      "Bananas are what colo[|u]r?"), "A banana is yellow.", "Yellow"),
    (("How many days are [in|there in] a week?", "How many days does a week have?",
      "A week has how many days?"), "A week has seven days.", "Seven"),
    (("How many months are [in|there in] a year?", "How many months does a year have?",
      "A year has how many months?"), "A year has twelve months.", "Twelve"),
    (("How many days are [in|there in] a year?", "How many days does a year have?",
      "A year has how many days?"), "A year has 365 days.", "365"),
    (("How many hours are [in|there in] a day?", "How many hours does a day have?",
      "A day has how many hours?"), "A day has 24 hours.", "24"),
    (("How many minutes are [in|there in] an hour?", "How many minutes does an hour have?",
      "An hour has how many minutes?"), "An hour has 60 minutes.", "60"),
    (("How many seconds are [in|there in] a minute?", "How many seconds does a minute have?",
      "A minute has how many seconds?"), "A minute has 60 seconds.", "60"),
    (("How many legs does a [dog|cat|horse|cow] have?", "A [dog|cat|horse|cow] has how many legs?",
      "How many legs has a [dog|cat|horse|cow]?"), "It has four legs.", "Four"),
    (("How many legs does a spider have?", "A spider has how many legs?",
      "How many legs has a spider?"), "A spider has eight legs.", "Eight"),
    (("How many legs does an [insect|ant|bee] have?", "How many legs has an [insect|ant]?",
      "An [insect|ant] has how many legs?"), "An insect has six legs.", "Six"),
    (("What [do|does a] [cows|cow] drink and give?", "What do cows give[| us]?",
      "What comes from a cow?"), "Cows give milk.", "Milk"),
    (("What do bees make?", "What is made by bees?", "Which food do bees make?"),
     "Bees make honey.", "Honey"),
    (("What sound does a dog make?", "What does a dog say?", "What noise does a dog make?"),
     "A dog says woof.", "Woof"),
    (("What sound does a cat make?", "What does a cat say?", "What noise does a cat make?"),
     "A cat says meow.", "Meow"),
    (("What sound does a cow make?", "What does a cow say?", "What noise does a cow make?"),
     "A cow says moo.", "Moo"),
    (("What is [H2O|ice made of|frozen water]?", "What's [H2O|ice made of]?",
      "[H2O|H two O] is what?"), "It is water.", "Water"),
    (("At what temperature does water [boil|start to boil]?", "When does water boil?",
      "What is the boiling point of water?"), "Water boils at 100 degrees Celsius.", "100"),
    (("At what temperature does water freeze?", "When does water freeze?",
      "What is the freezing point of water?"), "Water freezes at zero degrees Celsius.", "Zero"),
    (("[Which|What] planet do we live on?", "What is [our|the name of our] planet?",
      "What planet is this?"), "We live on Earth.", "Earth"),
    (("[Which|What] is the biggest planet?", "What is the largest planet?",
      "Name the biggest planet."), "Jupiter is the biggest planet.", "Jupiter"),
    (("[Which|What] planet is [called|known as] the red planet?", "What is the red planet?",
      "Name the red planet."), "Mars is the red planet.", "Mars"),
    (("[Which|What] star is closest to [Earth|us]?", "What is the closest star?",
      "Which star do we see by day?"), "The Sun is the closest star.", "Sun"),
    (("How many planets are [in the solar system|there]?", "How many planets do we have?",
      "How many planets does the solar system have?"), "There are eight planets.", "Eight"),
    (("What is the [biggest|largest] animal?", "[Which|What] animal is the [biggest|largest]?",
      "Name the biggest animal."), "The blue whale is the biggest animal.", "Whale"),
    (("What is the fastest [land |]animal?", "[Which|What] animal is the fastest?",
      "Name the fastest animal."), "The cheetah is the fastest land animal.", "Cheetah"),
    (("What is the tallest animal?", "[Which|What] animal is the tallest?",
      "Name the tallest animal."), "The giraffe is the tallest animal.", "Giraffe"),
    (("What is the [tallest|highest] mountain?", "[Which|What] mountain is the [highest|tallest]?",
      "Name the highest mountain."), "Mount Everest is the highest mountain.", "Everest"),
    (("What is the [biggest|largest] ocean?", "[Which|What] ocean is the [biggest|largest]?",
      "Name the biggest ocean."), "The Pacific is the biggest ocean.", "Pacific"),
    (("[Who wrote|Who is the author of] Romeo and Juliet?", "Romeo and Juliet is by whom?",
      "Which writer wrote Romeo and Juliet?"), "Shakespeare wrote Romeo and Juliet.",
     "Shakespeare"),
    (("Who painted the Mona Lisa?", "The Mona Lisa is by whom?",
      "Which painter painted the Mona Lisa?"), "Leonardo da Vinci painted the Mona Lisa.",
     "Leonardo"),
    (("How many sides does a triangle have?", "A triangle has how many sides?",
      "How many sides has a triangle?"), "A triangle has three sides.", "Three"),
    (("How many sides does a square have?", "A square has how many sides?",
      "How many sides has a square?"), "A square has four sides.", "Four"),
    (("What are the days of the week?", "[List|Name|Say|Tell me] the days of the week.",
      "Which days are in a week?"),
     "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday.", "Monday"),
    (("What day comes after Monday?", "What is the day after Monday?",
      "[Which|What] day follows Monday?"), "Tuesday comes after Monday.", "Tuesday"),
    (("What is the opposite of hot?", "The opposite of hot is what?", "What's the opposite of "
      "hot?"), "The opposite of hot is cold.", "Cold"),
    (("What is the opposite of big?", "The opposite of big is what?", "What's the opposite of "
      "big?"), "The opposite of big is small.", "Small"),
    (("What is the opposite of day?", "The opposite of day is what?", "What's the opposite of "
      "day?"), "The opposite of day is night.", "Night"),
    (("What is the first month[| of the year]?", "[Which|What] month is the first?",
      "Which month comes first?"), "January is the first month.", "January"),
    (("What is the last month[| of the year]?", "[Which|What] month is the last?",
      "Which month comes last?"), "December is the last month.", "December"),
    (("[Which|What] season comes after winter?", "What comes after winter?",
      "What is the season after winter?"), "Spring comes after winter.", "Spring"),
    (("How many continents are there?", "How many continents does the Earth have?",
      "What is the number of continents?"), "There are seven continents.", "Seven"),
    (("How many letters are in the alphabet?", "How many letters does the alphabet have?",
      "The alphabet has how many letters?"), "The alphabet has 26 letters.", "26"),
    (("What do [plants|trees] need[| to grow]?", "What does a plant need?",
      "What makes plants grow?"), "Plants need water and light.", "Water"),
)  # fmt: skip
_LEADS = ("Do you know: ", "Tell me, ", "Quick question: ", "I wonder: ", "Hey, ", "Hello, ")


def capital(conversation: Conversation) -> None:
    """The capital of a country."""
    source = conversation.source
    land, city = source.pick(list(CAPITALS.items()))
    said = source.phrase(_CAPITAL, land=land)
    conversation.exchange(said, f"The capital of {land} is {city}.", city)


def common(conversation: Conversation) -> None:
    """One of the common facts."""
    source = conversation.source
    questions, answer, core = source.pick(_FACTS)
    said = source.phrase(questions[1:] if source.held_out else questions)
    if source.chance(0.15):
        said = source.pick(_LEADS) + said[0].lower() + said[1:]
    conversation.exchange(said, answer, core)


BEATS = (capital, common)


def generate(source: Source) -> Conversation:
    """A quiz."""
    conversation = Conversation(source, "common facts")
    setting.introduce(conversation, personas=0.1, styles=0.0 if source.held_out else 0.15)
    for _ in range(source.pick((1, 2, 4, 6))):
        source.pick(BEATS)(conversation)
    return conversation


def generate_styled(source: Source) -> Conversation:
    """A quiz whose system prompt asks for a manner of answering."""
    conversation = Conversation(source, "manner of answering")
    by_user = source.chance(0.3)
    setting.introduce(conversation, personas=0.1, styles=0.0 if by_user else 1.0)
    if by_user:
        conversation.style, wish = setting.style(source)
        source.pick(BEATS)(conversation)
        question = conversation.messages[-2]
        question["content"] = f"{wish} {question['content']}"
        conversation.expectation.contains = [conversation.messages[-1]["content"]]
        return conversation
    for _ in range(source.pick((1, 2, 4))):
        source.pick(BEATS)(conversation)
    conversation.expectation.contains = [conversation.messages[-1]["content"]]
    return conversation
