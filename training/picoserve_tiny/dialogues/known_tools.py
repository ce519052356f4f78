"""Tools that people try first, asked for in their own words: weather, lights, timers, calls."""

from collections.abc import Sequence
from typing import Final

from picoserve_tiny import lists
from picoserve_tiny.dialogues.tool_makers import Parameter, Tool, Value
from picoserve_tiny.source import Source

Spec = tuple[str, str, tuple[str, ...], tuple[str, ...]]

_WEATHER: Final = (
    "[What's|What is|How is|How's] the weather [|like ]in {place}[| today| now| right now]?",
    "[Is it|Will it be] [cold|warm|hot|sunny|raining|windy|snowing] in {place}[| today]?",
    "[Tell me|Give me|Check|I want to know|Do you know] the weather in {place}[.|]",
    "[Do I need|Should I take] an umbrella in {place}[| today]?",
    "[What about|And|How about] {place}?",
    "Weather in {place}[| please|?]",
    "[What's|What is] the [temperature|forecast] in {place}[| today]?",
    "I'm in {place}, what's the weather[| like]?",
    "How [warm|cold|hot] is it in {place}[| today| now]?",
    "{place} weather[| today| now| please]",
    "[Will|Does|Is] it [rain|snow|going to rain|get cold] in {place}[| today| tomorrow]?",
    "[Weather|Temperature|Forecast] for {place}[.|, please.|?|]",
    "[I am|I'm] [going|travelling|flying] to {place}, [how is|what is] the weather[| there]?",
    "[Please check|Look up|Find out] [how|what] the weather is in {place}[.|]",
    "[Has|Is] {place} [got sun|got rain|warm|cold|sunny][| today]?",
)
_SPECS: Final[tuple[Spec, ...]] = (
    ("get_weather|lookup_weather|weather|get_current_weather|check_weather",
     "[Get|Look up|Find] the [current |]weather [for|in|of] a [given |][city|location|place].|"
     "Called when the user asks for weather related information.|Weather information.",
     ("place=city|location|place|city_name",), _WEATHER),
    ("set_light|control_light|switch_light|toggle_light|light_control",
     "[Switch|Turn] the [light|lights] in a room on or off.|Control the lights.",
     ("room=room|area|location", "state=state|power|mode"),
     ("[Turn|Switch] {state} the light[|s] in the {room}[.|, please.|]",
      "[Turn|Switch] the {room} light[|s] {state}[.|, please.|]",
      "[Can you|Could you|Please] [turn|switch] {state} the {room} light[|s][?|]",
      "[Put|Make] the light[|s] in the {room} {state}[.|]",
      "{room} light[|s] {state}[.|, please.]",
      "I [want|need] the {room} light[|s] {state}[.|]",
      "[The |]light[|s] in the {room} {state}[.|, please.|]",
      "[Would you|Will you|Kindly] [turn|switch] the light[|s] {state} in the {room}[?|]",
      "[Turn|Switch] the light[|s] {state} in the {room}[.|, please.|]",
      "[It is|It's] [too dark|too bright] in the {room}, [turn|switch] the light[|s] {state}[.|]",
      "In the {room}, [turn|switch|put] the light[|s] {state}[.|]",
      "[Lights|Light] {state} in the {room}[.|, please.|]")),
    ("set_timer|start_timer|timer", "[Set|Start] a timer.|Count down some minutes.",
     ("minutes=minutes|duration|duration_minutes|length",),
     ("[Set|Start] a timer for {minutes} minutes[.|, please.|]",
      "[Can you|Could you|Please] set a {minutes} minute timer[?|]",
      "[Timer for|Wake me in|Remind me in] {minutes} minutes[.|]",
      "I need a timer [for|of] {minutes} minutes[.|]",
      "Give me {minutes} minutes on the timer[.|]",
      "{minutes} minute timer[.|, please.|]", "[Timer|Countdown][:|,] {minutes} minutes[.|]",
      "[Let me know|Tell me|Ring] [in|after] {minutes} minutes[.|]",
      "[Count down|Count] {minutes} minutes[.|, please.|]",
      "[I'm cooking|The cake takes|It takes] {minutes} minutes, [set|start] a timer[.|]",
      "Can you [time|start] {minutes} minutes[| for me]?")),
    ("order_food|order_pizza|place_order|add_to_order|order_item",
     "[Order|Place an order for] [food|a pizza|an item].|Add an item to the order.",
     ("size=size|portion", "food=item|food|dish|product"),
     ("[I'd like|I want|I'll have|Can I get|Give me] a {size} {food}[.|, please.|]",
      "[One|A] {size} {food}[, please.|.|]", "[Please order|Order] [me |]a {size} {food}[.|]",
      "[Can you|Could you] order a {size} {food}[?| for me?]",
      "[I'm hungry|Hi|Hello], I'd like a {size} {food}[.|]",
      "My order is a {size} {food}[.|]",
      "[May I|Could I] have a {size} {food}[?|, please?|]", "[Get|Bring] me a {size} {food}[.|]",
      "[I'll take|I will take|I would love|We want] a {size} {food}[.|, please.|]",
      "{size} {food}[, please.|.|]", "A {food}, {size}[, please.|.|]",
      "[Add|Put] a {size} {food} [to|on] my order[.|]")),
    ("play_music|play_song|play|start_music", "Play [a song|music].|Start playing a song.",
     ("song=song|title|track|query", "artist=artist|singer|band"),
     ("Play {song} by {artist}[.|, please.|]",
      "[Can you|Could you|Please] play {song} by {artist}[?|]",
      "[I want|I'd like] to hear {song} by {artist}[.|]", "Put on {song} by {artist}[.|]",
      "I feel like {song} by {artist}[.|]", "[Let's hear|Start] {song} by {artist}[.|]",
      "[Let me|I want to|Can I] [listen to|hear] {song} by {artist}[.|?|]",
      "{song} by {artist}[.|, please.|]", "[Turn on|Queue|Start playing] {song} by {artist}[.|]",
      "Play the song {song} [by|from] {artist}[.|]",
      "Play {artist}'s {song}[.|, please.|]",
      "[Do you have|Do you know] {song} by {artist}? [Play it|Put it on][.|]")),
    ("book_table|reserve_table|make_reservation|book_restaurant",
     "[Book|Reserve] a table [at a restaurant|for a party].|Make a reservation.",
     ("people=people|party_size|guests|number_of_people", "clock=time|hour|start_time"),
     ("[Book|Reserve] a table for {people}[| people] at {clock}[.|, please.|]",
      "[Can you|Could you|Please] [book|reserve|get] a table for {people} at {clock}[?|]",
      "[I'd like|I need|I want] a table for {people}[| people| persons] at {clock}[.|]",
      "[Do you have|Is there] a table for {people} at {clock}?",
      "We are {people} [people|persons] and want to eat at {clock}[.|]",
      "A table at {clock} for {people}[| people], please[.|]",
      "[Table|Reservation|Booking] for {people}[| people] at {clock}[.|, please.|]",
      "[May|Can|Could] [I|we] [have|book|get] a table at {clock} for {people}[| people]?",
      "[We|I] [want|need] to [book|reserve] a table at {clock} for {people}[| people][.|]",
      "[Make|I want] a reservation for {people}[| people] at {clock}[.|]",
      "[Dinner|Lunch|A table] for {people}[| people] at {clock}[.|, please.|]",
      "{people} people at {clock}[, please.|.|]")),
    ("calculate|calculator|compute|evaluate", "[Calculate|Compute|Evaluate] [a sum|an expression].|"
     "Does arithmetic.", ("sum=expression|sum|input|formula",),
     ("[What is|What's|How much is] {sum}?", "[Calculate|Compute|Work out] {sum}[.|]",
      "[Can you|Could you|Please] calculate {sum}[?|]", "{sum}", "{sum} =",
      "I need the result of {sum}[.|]",
      "[Tell me|Give me|Find] {sum}[.|]", "{sum}[?|, please.]", "[Solve|Do the sum] {sum}[.|]",
      "[What do I get for|What does it make,|What comes out of] {sum}?",
      "[Use the calculator for|Can you work out] {sum}[.|?|]")),
    ("call_contact|make_call|call_person|phone", "[Call|Phone] [a contact|somebody|a person].",
     ("person=name|contact|person|contact_name",),
     ("[Call|Phone|Ring] {person}[.|, please.|]", "[Can you|Could you|Please] call {person}[?|]",
      "I [want|need] to [speak to|talk to|call] {person}[.|]", "Get {person} on the phone[.|]",
      "[Give {person} a call|Let's call {person}][.|]", "Dial {person}[.|]",
      "[Start|Make|Place] a call to {person}[.|, please.|]",
      "[Would you|Will you|Please] [ring|phone|call] {person}[| for me][?|.|]",
      "[Put me through to|Connect me to|Connect me with] {person}[.|, please.|]",
      "[I must|I have to|We should] [call|phone] {person}[.|]",
      "[Can I|May I] [talk|speak] to {person}[?|]", "{person}, call [him|her|them][.|]")),
    ("get_time|get_current_time|current_time|clock",
     "[Get|Tell] the [current |]time.|Returns the time.", (),
     ("What time is it[| now| please]?", "[What's|What is] the time[| now]?",
      "[Tell me|Do you know|Can you tell me] the time[?|.]", "Do you have the time?",
      "[What does the clock say|How late is it]?", "Time, please[.|]",
      "[Current time|The time|time][, please.|?|]", "[What is|What's] the [current|exact] time?",
      "[Could you|Can you|Please] [tell me|say|check] what time it is[?|.|]",
      "[Got|Have you got|You have] the time?", "[What hour is it|Is it late|Is it noon yet]?",
      "[I need|I'd like] to know [the time|what time it is][.|]")),
    ("transfer_to_human|transfer_call|escalate|talk_to_human",
     "[Transfer|Hand over] the [call|user] to a human.|Connect to a human agent.", (),
     ("[I want|I need|I'd like] to [talk|speak] to a [human|person|real person|human agent][.|]",
      "[Connect me|Put me through] [to|with] [an agent|a human|somebody|a person][.|, please.]",
      "[Can I|May I|Let me] [talk|speak] to a [human|person|manager][?|]",
      "[Get me a|Give me a] [human|person|real person][.|]",
      "[Is there a human|Human, please|Agent, please][.|?]",
      "Transfer [me|my call][.| please.]",
      "[This is not working|You can't help|Enough], [get me|I want] a [human|person][.|]",
      "[human|agent|operator|representative|real person][, please.|.|!|]",
      "[Is there|Can I have|May I have] [somebody|someone|a human|a person] [real|to talk to]?",
      "[I don't want|I do not want] to talk to a [machine|robot|bot][.|]",
      "[Let me|I have to|I must] [speak|talk] [with|to] [your manager|a manager|someone][.|]",
      "[Forward|Escalate|Hand over] [me|my call|this][.| to a human.]")),
    ("end_call|hang_up|end_conversation|finish_call",
     "[End|Finish] the [call|conversation].|Hang up.", (),
     ("[End|Finish|Stop] the [call|conversation][.|, please.|]", "[Please |]hang up[.|]",
      "[Can you|Could you] [end the call|hang up][?|]", "You can [hang up|end the call][| now][.|]",
      "I want to [end the call|hang up][.|]", "Hang up [now|the phone][.|]",
      "[That's all|We're done|I'm done], [hang up|end the call][.|, please.|]",
      "[You may|Now you can|Go ahead and] [hang up|end the call|finish the call][.|]",
      "[Let's|Let us] [end|finish] [this call|the call|this conversation][.|]",
      "[Close|Drop|Cut|Terminate] the [call|line][.|, please.|]",
      "[Goodbye|Bye], [end the call|hang up][.|]", "[Time to|Please] end the call[.|]")),
    ("send_message|send_text|text_contact|message",
     "[Send|Text] a message to [a person|a contact|somebody].",
     ("person=recipient|contact|to|name", "text=message|text|body|content"),
     ("[Send|Text] {person} [the message|the text|a message saying] {text}",
      "[Tell|Message|Text] {person} {text}", "[Tell|Text] {person} that {text}",
      "[Can you|Could you|Please] tell {person} that {text}",
      "[Send a message|Write] to {person}: {text}",
      "Let {person} know that {text}",
      "[Send|Write] {person}: {text}", "[Send|Write] a [text|message] to {person} saying {text}",
      "[I want|I'd like|I need] to tell {person} that {text}",
      "[Drop|Shoot] {person} a message: {text}", "[Say|Write] to {person} that {text}",
      "[Please let|Let] {person} know: {text}")),
    ("search|web_search|search_web|search_docs|lookup",
     "Search [the web|the documents|for information].", ("text=query|q|search_query|text",),
     ("[Search|Look] for {text}", "[Look up|Google|Find|Search] {text}",
      "[Can you|Could you|Please] [search for|look up|find] {text}[?|]",
      "[Search the web|Search the internet|Do a search] for {text}",
      "Find [information|something] about {text}", "I want to read about {text}",
      "[What can you find|What is there] about {text}?",
      "[Show me|Get me] [results|pages] for {text}",
      "[Search|Look] [it up|online|on the web]: {text}", "[I'm|I am] looking for {text}",
      "[Do you have|Is there] [anything|something] on {text}?", "[Query|Search for|Find]: {text}")),
)  # fmt: skip
_ROOMS: Final = ("kitchen", "bedroom", "bathroom", "living room", "garage", "office", "hall")
_MORE: Final = (
    "", "", "", " Use it when the user asks for it.", " Do not ask the user for more.",
    " Ensure that all arguments are given.", " Only call this when it is needed.",
    " Returns the result as text.", " The user does not need to say the name of the tool.",
)  # fmt: skip


def _value(source: Source, what: str) -> tuple[Value, tuple[str, ...]]:
    if what in {"minutes", "people"}:
        return source.number(1, 60 if what == "minutes" else 20), ()
    if what == "state":
        return source.pick(("on", "off")), ("on", "off")
    if what == "size":
        return source.pick(("small", "medium", "large")), ("small", "medium", "large")
    if what == "sum":
        sign = source.pick(("+", "-", "*", "/"))
        return f"{source.number(11, 9999)} {sign} {source.number(11, 999)}", ()
    makers = {
        "place": source.city,
        "room": lambda: source.pick(_ROOMS) if source.chance(0.6) else source.word(),
        "food": lambda: source.pick((source.pick_word(lists.FOODS), source.word())),
        "song": lambda: " ".join(source.word() for _ in range(source.number(1, 3))).title(),
        "artist": source.full_name,
        "person": source.full_name,
        "clock": source.clock,
        "text": source.sentence,
    }
    return makers[what](), ()


def _parameters(source: Source, specs: Sequence[str]) -> tuple[list[Parameter], dict[str, Value]]:
    made: list[Parameter] = []
    values: dict[str, Value] = {}
    for spec in specs:
        what, names = spec.split("=")
        value, choices = _value(source, what)
        values[what] = value
        name = source.pick(names.split("|"))
        kind = "string" if isinstance(value, str) else source.pick(("integer", "number"))
        about = source.pick(("The {}", "{} of the request", "The {} to use", "{}"))
        shown = choices if source.chance(0.6) else ()
        made.append(Parameter(name, kind, about.format(name.replace("_", " ")), value, "", shown))
    return made, values


def known_tool(source: Source) -> Tool:
    """A tool that everybody tries first, with a request for it."""
    names, about, specs, requests = _SPECS[0] if source.chance(0.1) else source.pick(_SPECS)
    parameters, values = _parameters(source, specs)
    name = source.pick(names.split("|"))
    about = source.expand(f"[{_choices(source, about)}]") + source.pick(_MORE)
    noun = name.replace("_", " ")
    said = source.phrase(requests, **values)
    return Tool(name, about, names, noun, parameters, said[0].upper() + said[1:])


def _choices(source: Source, about: str) -> str:
    """One of the sentences of a description; choices inside a sentence stay."""
    sentences = [text for text in about.replace(".|", ".\n").split("\n") if text]
    return source.expand(source.pick(sentences))
