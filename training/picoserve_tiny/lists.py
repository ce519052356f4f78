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
WORDS: Final = _words(
    """customer user client group family friend neighbour child parent worker manager agent visitor
    data record entry form field value page site link image picture video audio sound voice music
    artist album channel episode series actor theatre concert festival stage dance sport training
    workout exercise health pulse sleep weight blood doctor hospital clinic pharmacy treatment
    temperature humidity pressure wind rain snow storm sunshine cloud sky moon planet star energy
    power water gas heating cooling light colour brightness scene shade switch socket plug cable
    wire network router server system function program software version update backup storage disk
    memory processor keyboard display tablet battery charger machine tool hammer wood metal stone
    glass paper plastic cotton leather shirt trousers dress jacket glove ring necklace jewel gold
    money cash card bank transfer deposit credit debit interest mortgage insurance claim policy
    contact call number code signal network status summary history report statement balance total
    product catalogue brand warehouse supply shipment carrier truck driver taxi ride route direction
    distance traffic parking station airport terminal gate harbour ferry journey holiday vacation
    trip tour guide map hotel resort camp tent restaurant cafe bar kitchen meal breakfast lunch
    dinner snack drink coffee tea juice wine beer sugar salt pepper butter meat chicken vegetable
    fruit flower plant tree grass leaf seed farm field animal bird insect butterfly nest puppy
    kitten school class teacher pupil subject language grammar sentence letter dictionary article
    chapter author poem novel library newspaper magazine headline topic question answer quiz test
    result grade degree university research science project plan draft design model pattern shape
    circle square triangle line point corner edge surface angle length height width depth volume
    speed limit range level step stage phase period season spring summer autumn winter century
    minute second moment morning afternoon evening midnight birthday wedding party celebration"""
)
FREQUENT: Final = _words(
    """the of and a to in is you that it he was for on are as with his they at be this have from or
    one had by word but not what all were we when your can said there use an each which she do how
    their if will up other about out many then them these so some her would make like him into time
    has look two more write go see number no way could people my than first been who its now find
    long down day did get come made may part assistant system user tool tools function type object
    string integer description parameters properties required arguments name true false null return
    provided within signature model response result content role json XML tags help demo know turn
    live serve stream request server engine device capital sign matches match fits respond only"""
)
