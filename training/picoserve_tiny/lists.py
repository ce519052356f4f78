"""Word lists that the dialogues are built from. Everything else is made of syllables."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: Final = _words(
    """Ava Liam Emma Noah Mia Lucas Sofia Oliver Lena Felix Clara Hugo Nora Oscar Ella Leo Ruby
    Max Zoe Adam Iris Paul Alice Tom Julia David Sarah Peter Anna Simon Laura Mark Nina Eric Eva
    Jan Marie Karl Rosa Omar Layla Amir Fatima Yusuf Aisha Ravi Priya Arjun Maya Kiran Wei Ling
    Chen Yuki Kenji Hana Sora Mateo Lucia Diego Elena Pablo Carmen Ivan Olga Dmitri Tanya Boris
    Marta Pedro Ines Bruno Giulia Marco Chiara Luca Sven Astrid Lars Freya Erik Ingrid Kofi Ama
    Kwame Zuri Thabo Naledi Sam Alex Robin Charlie Jordan Taylor Morgan Casey Jamie Riley Jack
    Grace Henry Rose George Lily Arthur Daisy Edward Ivy Frank Holly James Kate Michael Jane John
    Mary Robert Susan William Linda Daniel Nancy Steve Betty Kevin Helen Brian Sandra Jason Donna"""
)
SURNAMES: Final = _words(
    """Smith Jones Taylor Brown Miller Wilson Moore Clark Lewis Walker Hall Young King Wright Hill
    Green Baker Adams Nelson Carter Mitchell Turner Parker Evans Collins Garcia Silva Rossi Novak
    Meyer Weber Fischer Tanaka Sato Kim Park Singh Patel Khan Haddad Okafor Mensah Jensen Larsen"""
)
CITIES: Final = _words(
    """Paris London Berlin Madrid Rome Vienna Prague Lisbon Dublin Oslo Athens Warsaw Tokyo Kyoto
    Osaka Seoul Beijing Delhi Mumbai Cairo Lagos Nairobi Boston Chicago Denver Dallas Seattle Miami
    Toronto Vancouver Sydney Melbourne Auckland Lima Bogota Santiago Zurich Geneva Munich Hamburg
    Milan Naples Venice Porto Lyon Nice Ghent Antwerp Krakow Budapest Helsinki Stockholm Tampa
    Austin Phoenix Portland Houston Atlanta Oakland Memphis Utrecht Bristol Leeds Glasgow"""
)
COLOURS: Final = _words(
    """red blue green yellow purple orange pink black white brown grey gold silver turquoise violet
    crimson teal lavender beige navy maroon olive cyan magenta indigo scarlet amber coral"""
)
ANIMALS: Final = _words(
    """dog cat horse rabbit hamster parrot turtle goat sheep cow pig duck goose fox wolf bear tiger
    lion zebra giraffe monkey snake frog fish whale dolphin eagle owl penguin mouse"""
)
FOODS: Final = _words(
    """pizza pasta rice soup salad bread cheese apples bananas noodles curry sushi tacos pancakes
    chocolate honey cake pie burgers potatoes beans eggs mango grapes cherries lemons olives"""
)
JOBS: Final = _words(
    """doctor teacher baker pilot nurse farmer painter singer driver lawyer chef writer plumber
    gardener student engineer dentist waiter barista librarian guide coach clerk butler"""
)
THINGS: Final = _words(
    """table chair lamp door window phone car bike book pen bag box key watch clock camera radio
    guitar piano ticket letter parcel coat shoe hat bottle cup plate knife spoon desk bed sofa
    mirror printer laptop screen speaker heater fan fridge oven garden garage kitchen office room
    house boat train bus plane road bridge tower museum library school hotel shop market park
    river lake forest island mountain beach song movie game story photo report invoice order
    account password contract meeting event task reminder alarm timer calendar message email note
    recipe menu playlist weather forecast flight booking reservation appointment delivery package
    payment refund discount coupon subscription membership profile address document file folder
    device sensor battery engine tyre light blind curtain gate lock thermostat vacuum robot drone
    stock price rate currency loan budget salary tax bill receipt patient medicine doctor lesson
    course exam score team player match goal race vote survey poll ticket seat gift voucher"""
)
VERBS: Final = _words(
    """get find check show fetch read list book cancel order send open close start stop create
    delete update add remove set change schedule move play pause rent buy sell reserve track
    confirm print scan copy share save load count search rate call clean charge lock unlock
    translate measure compare repair renew activate archive approve reject assign"""
)
ADJECTIVES: Final = _words(
    """old small big quiet bright happy quick slow warm cold clean sharp soft heavy light round
    strange simple clever gentle busy calm fresh broken empty modern famous secret main next last
    current daily weekly local public private new blue green extra special"""
)
DAYS: Final = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS: Final = _words(
    """January February March April May June July August September October November December"""
)
NUMBER_WORDS: Final = _words(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty"""
)
TOPICS: Final = _words(
    """physics history football politics poetry chemistry music philosophy tennis art biology
    gravity money love time space energy religion fashion cinema medicine law opera chess dreams
    evolution economics astronomy cooking fishing sailing painting jazz geometry algebra war peace
    photosynthesis electricity magnetism volcanoes dinosaurs glaciers robots computers networks"""
)
