from tests.support.command_line import picoserve

from picoserve import __version__


def test_the_versions_of_all_that_matters_are_printed() -> None:
    lines = picoserve("version").stdout.splitlines()

    assert lines[0] == f"picoserve {__version__}"
    assert [line.split()[0] for line in lines] == ["picoserve", "python", "picollm", "xllamacpp"]
