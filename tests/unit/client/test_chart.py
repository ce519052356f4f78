from xml.etree import ElementTree as XmlTree

from picoserve.client.chart import chart_page


def test_the_chart_is_one_file_without_other_hosts() -> None:
    numbers = {"completed": 2, "duration": 1.5}
    page = chart_page("<b>", numbers, {"ttft": [2.0, 1.0], "tpot": [], "e2el": [0.0]})

    assert "http" not in page
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    pictures = [part.split("</svg>")[0] for part in page.split("<svg")[1:]]
    assert len(pictures) == 2
    for picture in pictures:
        assert XmlTree.fromstring(f"<svg{picture}</svg>").attrib["role"] == "img"  # noqa: S314
