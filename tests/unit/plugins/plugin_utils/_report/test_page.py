# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's text: each topology is on it, and outside data is nothing but text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import element, visible
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.page import page, timeless
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.style import STYLE, STYLE_HASH
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.report.results import TIME, names, result

HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "' x='",
    "{{ 7 * 7 }}{% raw %}",
    "]]>&amp;&#60;",
    "two\nlines\r\t\x00",
    "\u202egnp.exe\u2066\u200b",
    "\udce9",
    "javascript:alert(1)",
    "a" * 5000,
]
VOID = {"meta", "link"}
ALLOWED = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link style body header main footer nav section h1 h2 h3 p div span ul ol li dl dt dd a"
        " bdi time figure svg g path circle rect text details summary",
    )
)


class Seen(HTMLParser):
    """Checks that each element is closed, and keeps what there is."""

    def __init__(self, text) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes |= {key for key, _value in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if not {"style"} & set(self.open):
            self.words.append(data)


def shown(*readings):
    return Seen(page(readings, "Clusters", TIME))


def text_of(*readings):
    return "".join(shown(*readings).words)


def hostile(bad):
    return reading(
        bad,
        result(
            [[bad, f"{bad}2"], [f"{bad}3"]],
            unreachable={f"{bad}2": bad, bad: bad},
            status="partial",
            reasons=[bad],
            time=bad,
            msg=bad,
            failed=True,
            plan=[{"action": "connect", "node": bad, "observer": f"{bad}3", "reason": bad}],
            refused=[{"action": bad, "node": bad, "reason": bad}],
            connected=[{"node": bad, "observer": bad}],
            events=[{"event": bad, "node": bad, "reason": bad, "time": bad}],
        ),
        bad,
    )


@pytest.mark.parametrize("bad", HOSTILE, ids=ascii)
def test_outside_data_is_text_and_nothing_else(bad) -> None:
    harmless = shown(hostile("harmless"))
    seen = Seen(page([hostile(bad)], bad, TIME))
    assert seen.tags <= ALLOWED
    assert seen.tags == harmless.tags
    assert seen.attributes == harmless.attributes
    assert not any(key.startswith("on") or key in ("style", "src") for key in seen.attributes)
    assert visible(bad)[:60] in "".join(seen.words)


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True), st.text())
def test_any_name_gives_a_page_that_is_well_formed_and_shows_no_control_character(nodes, reason) -> None:
    text = page([reading("app", result([nodes], unreachable={nodes[0]: reason}))], reason, TIME)
    text.encode()
    assert Seen(text).tags <= ALLOWED
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("size", [3, 40, 41, 300])
def test_pictures_are_well_formed_on_their_own(size) -> None:
    everyone = names(size)
    lost = everyone[-1]
    text = page([reading("app", result([everyone[:-1], [lost]], unreachable={lost: "<"}))], "x", TIME)
    pictures = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert pictures
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_every_topology_is_on_the_page_worst_first_whatever_failed() -> None:
    everyone = names(5)
    readings = [
        reading("whole", result([everyone])),
        reading("split10", result([everyone[:2], everyone[2:]])),
        reading("split9", result([everyone[:2], everyone[2:]])),
        reading(
            "failed", result([], status="failed", reasons=["403 Forbidden"], converged=False, failed=True, msg="no")
        ),
        reading("gone", {"unreachable": True, "msg": "No route to host"}),
        reading("never", {}),
    ]
    found = re.findall(r'<h2 id="t\d+-name"><bdi class="name">(\w+)<', page(readings, "Clusters", TIME))
    assert found == ["gone", "failed", "never", "split9", "split10", "whole"]
    text = text_of(*readings)
    assert "5 of 6 topologies need a look" in text
    for words in ("403 Forbidden", "No route to host", "there is no result", "2 islands (3, 2)"):
        assert words in text


def test_it_says_what_is_wrong_with_whom_and_what_would_be_done_and_was_not() -> None:
    everyone = names(4)
    plan = [
        {"action": "connect", "node": everyone[2], "observer": everyone[0], "reason": "rejoin"},
        {"action": "keep", "node": everyone[1], "observer": None, "reason": "terminating"},
    ]
    given = result(
        [[*everyone, "stray@10.0.0.9"]],
        desired=[*everyone, "dead@10.0.0.7"],
        missing=[(everyone[0], everyone[2])],
        one_end=[(everyone[1], everyone[3])],
        unreachable={"dead@10.0.0.7": "Connection refused"},
        refused=[{"node": "stray@10.0.0.9", "action": "prune", "reason": "max_prune"}],
        plan=plan,
    )
    text = text_of(reading("app", given))
    for words in (
        "lacks the link with 3",
        "only one end lists the link with 4",
        "gave no answer: Connection refused",
        "not desired",
        "stopping",
        "would be connected",
        "rejoin: it leaves and rejoins",
        "max_prune: too many would go at once",
        "In no island · 1 node",
    ):
        assert words in text


def test_a_whole_mesh_is_not_called_whole_where_links_are_no_membership() -> None:
    """H2"""
    reason = "links alone make no whole cluster: RabbitMQ keeps a member table of its own"
    text = text_of(reading("queue", result([names(2)], converged=False, reasons=[reason])))
    for words in ("not whole", "2 members in one island.", "Why it is not whole", reason):
        assert words in text
    assert "each linked with all others" not in text


def test_what_is_not_known_is_no_number() -> None:
    text = text_of(
        reading("app", result([], status="failed", reasons=["403"], converged=False, failed=True, msg="403"))
    )
    assert "Nothing is known of the cluster: 403" in text
    assert not re.search(r"\b0\b", text)


def test_large_meshes_are_drawn_as_a_matrix_and_those_too_large_are_said_to_be() -> None:
    for size, mark in ((40, 'class="graph"'), (41, 'class="matrix"'), (1000, 'class="matrix"')):
        assert mark in page([reading("app", result([names(size)]))], "x", TIME)
    text = page([reading("app", result([names(1001)]))], "x", TIME)
    assert "<svg" not in text
    assert "1,001 nodes are too many" in text
    assert "app@10.0.0.1001" in text


def test_a_matrix_of_chaos_does_not_fill_the_disk() -> None:
    everyone = names(400)
    pairs = [(a, b) for at, a in enumerate(everyone) for b in everyone[at + 1 :: 2]]
    text = page([reading("app", result([everyone], missing=pairs))], "x", TIME)
    assert "too many, or too differently linked, to be drawn" in text
    assert len(text) < 400_000


def test_a_loop_shows_its_last_events_newest_first_and_says_how_many_it_does_not() -> None:
    events = [
        {"event": "joined", "node": f"app@10.0.0.{number}", "reason": "x", "time": TIME} for number in range(1, 101)
    ]
    given = result([names(3)], events=events, connected=[], pruned=[])
    del given["plan"]
    text = text_of(reading("app", given))
    assert text.index("app@10.0.0.100") < text.index("app@10.0.0.60")
    assert "app@10.0.0.50" not in text
    assert "50 more are not shown" in text
    assert "Nothing had to be done" in text


def test_without_its_times_a_page_is_the_same_until_something_else_changes() -> None:
    before, later = result([names(3)]), result([names(3)], time="2026-11-22T15:00:00Z")
    pages = [page([reading("app", before)], "x", TIME), page([reading("app", later)], "x", "2026-11-22T15:00:01Z")]
    assert pages[0] != pages[1]
    assert timeless(pages[0]) == timeless(pages[1])
    assert "15:00:0" not in timeless(pages[1])
    assert timeless(page([reading("app", result([names(4)]))], "x", TIME)) != timeless(pages[0])


def test_it_loads_nothing_and_allows_nothing_but_its_own_style() -> None:
    text = page([reading("app", result([names(3)]))], "x", TIME)
    policy = f"default-src &#39;none&#39;; style-src &#39;{STYLE_HASH}&#39;; img-src data:"
    assert policy in text
    assert f"<style>{STYLE}</style>" in text
    assert not re.search(r"url\(|@import|<script|http://(?!www.w3.org/2000/svg)|https://", text)


def test_markup_made_here_is_not_escaped_twice_and_everything_else_is() -> None:
    assert element("p", element("b", "<"), "<", None, title='"', id=None) == '<p title="&#34;"><b>&lt;</b>\n&lt;</p>\n'


LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in STYLE.split("prefers-color-scheme")[:2]
)
PAIRS = [
    *(("text", ground) for ground in ("ground", "card", "quiet")),
    *(("soft", ground) for ground in ("ground", "card", "quiet")),
    *((level, f"{level}-ground") for level in ("bad", "warn", "notice", "good")),
    *(("card", level) for level in ("bad", "warn", "notice", "good")),
    ("notice", "card"),
    ("bad", "card"),
    *(("number", f"i{island}") for island in ("", 0, 1, 2, 3, 4, 5)),
]


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_written_can_be_read(colours) -> None:
    for text, ground in PAIRS:
        low, high = sorted((_luminance(colours[text]), _luminance(colours[ground])))
        contrast = (high + 0.05) / (low + 0.05)
        assert contrast >= 4.5, f"{text} on {ground}: {contrast:.2f}"
