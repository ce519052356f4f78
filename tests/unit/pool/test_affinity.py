"""Which free engine a prompt goes to."""

from dataclasses import replace

from picoserve.pool.affinity import Candidate, best_candidate

SYSTEM = "You are a helpful assistant of a hotel. " * 20


def holding(prompt: str, reply: str = "", *, at: float) -> Candidate:
    return Candidate(prompt + reply, len(prompt), at)


def test_nobody_is_free() -> None:
    assert best_candidate([], "x") is None


def test_next_turn_goes_to_the_engine_with_the_history() -> None:
    engines = [
        holding(SYSTEM + "user: a\n", "reply", at=1),
        holding(SYSTEM + "user: b\n", "reply", at=2),
        Candidate(),
    ]

    assert best_candidate(engines, SYSTEM + "user: a\nreply\nuser: more\n") == 0
    assert best_candidate(engines, SYSTEM + "user: b\nreply\nuser: more\n") == 1


def test_history_counts_even_if_the_client_changed_the_reply() -> None:
    engines = [holding(SYSTEM + "user: a\n", " a long reply", at=1), Candidate()]

    assert best_candidate(engines, SYSTEM + "user: a\nshort\nuser: more\n") == 0


def test_same_prompt_again_goes_to_the_same_engine() -> None:
    assert best_candidate([Candidate(), holding(SYSTEM, "reply", at=1)], SYSTEM) == 1


def test_new_conversation_takes_an_unused_engine_before_anothers() -> None:
    engines = [holding(SYSTEM + "user: a\n", "reply", at=1), Candidate()]

    assert best_candidate(engines, SYSTEM + "user: b\n") == 1


def test_new_conversation_takes_the_context_used_longest_ago() -> None:
    engines = [
        holding(SYSTEM + "user: a\n", at=3),
        holding(SYSTEM + "user: b\n", at=1),
        holding(SYSTEM + "user: c\n", at=2),
    ]

    assert best_candidate(engines, SYSTEM + "user: d\n") == 1


def test_corrected_last_turn_goes_to_the_history_once_every_engine_has_worked() -> None:
    history = SYSTEM + "user: a\nassistant: yes\n" * 20
    engines = [holding(history + "user: I want\n", at=2), holding(SYSTEM + "user: b\n", at=1)]

    assert best_candidate(engines, history + "user: I want to\n") == 0


def test_engine_with_several_places_loses_nothing_and_the_freer_one_is_taken() -> None:
    engines = [
        Candidate("prompt a", 8, 2.0, free_places=1, keeps_others=True),
        Candidate("prompt b", 8, 1.0, free_places=3, keeps_others=True),
    ]

    assert best_candidate(engines, "prompt c") == 1
    assert best_candidate(engines, "prompt a, more") == 0


def test_room_that_rewords_its_first_turn_stays_where_it_was() -> None:
    other = holding(SYSTEM + "user: a\n", "reply", at=1)
    reworded = SYSTEM + "user: Good morning\n"

    assert best_candidate([other, holding(SYSTEM + "user: Hood\n", "What?", at=2)], reworded) == 0
    own = Candidate(SYSTEM + "user: Hood\nWhat?", len(SYSTEM) + 11, 2.0, is_own=True)
    assert best_candidate([other, own], reworded) == 1


def test_key_breaks_ties_and_nothing_else() -> None:
    engines = [
        Candidate("prompt a", 8, 2.0, keeps_others=True, has_key=True),
        Candidate("prompt b", 8, 1.0, keeps_others=True),
    ]

    assert best_candidate(engines, "prompt c") == 0
    assert best_candidate(engines, "prompt b, more") == 1


def test_history_counts_more_than_the_room() -> None:
    own = Candidate(SYSTEM + "user: x\nreply", len(SYSTEM) + 8, 2.0, is_own=True)
    history = holding(SYSTEM + "user: a\n", "reply", at=1)

    assert best_candidate([own, history], SYSTEM + "user: a\nreply\nuser: more\n") == 1


def test_prompt_that_can_be_loaded_anywhere_pushes_out_nobodys_conversation() -> None:
    alive = holding(SYSTEM + "user: a\n", "reply", at=2)
    spare = holding("something else " * 40, at=1)
    prompt = SYSTEM + "user: b\n"
    assert best_candidate([alive, spare], prompt) == 0

    loadable = [replace(engine, loadable=len(SYSTEM)) for engine in (alive, spare)]

    assert best_candidate(loadable, prompt) == 1
    assert best_candidate(loadable, SYSTEM + "user: a\nreply\nuser: more\n") == 0


def test_prompt_goes_where_it_can_be_loaded() -> None:
    engines = [holding("x" * 50, at=1), Candidate("y" * 50, 50, 2, loadable=len(SYSTEM))]

    assert best_candidate(engines, SYSTEM + "user: b\n") == 1
