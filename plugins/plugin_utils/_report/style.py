# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's style sheet. Each pair of a text's colour and its ground has a contrast of 4.5 or more, light and dark."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --text: #18212c; --soft: #55606f; --line: #d5dbe3; --quiet: #eef1f5;
  --bad: #b3202f; --bad-ground: #fdecee; --warn: #8a5800; --warn-ground: #fdf3df;
  --notice: #1f5a99; --notice-ground: #e8f1fb; --good: #17693f; --good-ground: #e4f5eb;
  --link: #7d8a9b; --number: #ffffff;
  --i0: #2565ae; --i1: #a8500f; --i2: #6a48b0; --i3: #0b716a; --i4: #a12c67; --i5: #5d6818; --i: #5a6573; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0f141a; --card: #181f28; --text: #e7ecf2; --soft: #a3afbd; --line: #313b48; --quiet: #212a35;
  --bad: #ff929b; --bad-ground: #3a1a1f; --warn: #f0bd5e; --warn-ground: #352811;
  --notice: #8fc1f7; --notice-ground: #172a40; --good: #74d6a0; --good-ground: #143024;
  --link: #7b8999; --number: #10161d;
  --i0: #7fb4f2; --i1: #f2a76c; --i2: #bda4f5; --i3: #62cdc3; --i4: #f291bf; --i5: #c2cf73; --i: #a3afbd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, .top, .foot { max-width: 1080px; margin: 0 auto; padding: 0 16px; }
.top { padding-top: 28px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0; }
h3 { font-size: 1rem; margin: 24px 0 6px; }
h4 { font-size: .875rem; margin: 14px 0 4px; }
p { margin: 6px 0; }
a { color: var(--notice); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible, .box:focus-visible { outline: 3px solid var(--notice); outline-offset: 2px; }
ul, ol { margin: 0; padding: 0; list-style: none; }
.soft, .foot { color: var(--soft); font-size: .875rem; }
.foot { padding-bottom: 28px; }
.name { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
h2 .name, .index .name { font: inherit; }
.badge { display: inline-flex; align-items: center; gap: 7px; margin: 0; padding: 3px 11px 3px 4px; border-radius: 99px;
  font-size: .875rem; font-weight: 600; line-height: 1.4; }
.sign { display: inline-grid; place-items: center; flex: none; width: 20px; height: 20px; border-radius: 50%;
  background: var(--own); color: var(--card); font-size: 12px; font-weight: 700; line-height: 1; }
.bad { --own: var(--bad); --own-ground: var(--bad-ground); }
.warn { --own: var(--warn); --own-ground: var(--warn-ground); }
.notice { --own: var(--notice); --own-ground: var(--notice-ground); }
.good { --own: var(--good); --own-ground: var(--good-ground); }
.badge { background: var(--own-ground); color: var(--own); }
.headline { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin: 12px 0 0; }
.index, .topology { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 18px 0; }
.index li { display: grid; grid-template-columns: minmax(9em, 14em) minmax(0, 1fr) auto; gap: 2px 16px;
  align-items: center;
  padding: 9px 18px; border-top: 1px solid var(--line); }
.index li:first-child { border-top: 0; }
.index a { font-weight: 600; }
.index .soft { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.topology { padding: 18px 20px 20px; border-left: 5px solid var(--own); }
.topology > header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.facts { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 14px 0 0; }
.facts dt { color: var(--soft); font-size: .8125rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.facts .wrong { color: var(--bad); } .facts .text { font-size: 1rem; line-height: 1.65rem; }
.mesh { display: grid; gap: 8px 28px; margin-top: 14px; }
@media (min-width: 820px) { .mesh.beside { grid-template-columns: minmax(0, 470px) minmax(0, 1fr); } }
figure { margin: 0; min-width: 0; }
.box { overflow-x: auto; border-radius: 8px; background: var(--quiet); padding: 8px; }
.box svg { display: block; margin: 0 auto; }
.graph { max-width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin-top: 7px; color: var(--soft); font-size: .8125rem; }
.legend li { display: inline-flex; align-items: center; gap: 6px; }
.legend svg { flex: none; }
.i0 { --c: var(--i0); } .i1 { --c: var(--i1); } .i2 { --c: var(--i2); } .i3 { --c: var(--i3); }
.i4 { --c: var(--i4); } .i5 { --c: var(--i5); } .i { --c: var(--i); }
.hull { fill: var(--c); fill-opacity: .1; stroke: var(--c); stroke-opacity: .55; }
.node { fill: var(--c); stroke: var(--card); stroke-width: 1.5; }
.node.dark { fill: var(--card); stroke: var(--c); stroke-width: 2; stroke-dasharray: 3 2.4; }
.number { fill: var(--number); font: 600 11px system-ui, sans-serif; text-anchor: middle; }
.node.dark + .number { fill: var(--text); }
.label { fill: var(--soft); font: 11px system-ui, sans-serif; text-anchor: middle; }
.link { fill: none; stroke: var(--link); stroke-width: 1.2; }
.link.thin { stroke-width: .8; } .link.hair { stroke-width: .45; stroke-opacity: .75; }
.link.none { stroke: var(--bad); stroke-width: 1.8; stroke-dasharray: 2 4; }
.link.one { stroke: var(--warn); stroke-width: 2; stroke-dasharray: 9 4 2 4; }
.link.heal { stroke: var(--notice); stroke-width: 1.8; stroke-dasharray: 6 4; }
.cell.both { fill: var(--c); } .cell.one { fill: var(--warn); }
.cell.none { fill: var(--bad); } .cell.unknown { fill: var(--soft); }
.block { fill: var(--c); fill-opacity: .12; stroke: var(--c); stroke-width: 1.5; }
.row, .column { fill: var(--soft); font: 7px system-ui, sans-serif; text-anchor: end; } .column { text-anchor: middle; }
.nodes > h3:first-child { margin-top: 0; }
@media (min-width: 820px) { .beside .many { columns: 2; } .many li { break-inside: avoid; } }
.nodes li { display: flex; gap: 8px; align-items: baseline; padding: 2px 0; }
.nodes li > span:last-child { min-width: 0; }
.chip { flex: none; min-width: 31px; padding: 0 5px; border-radius: 12px; background: var(--c); color: var(--number);
  border: 1.5px solid var(--c); font-size: .75rem; font-weight: 600; line-height: 21px; text-align: center; }
.chip.stray { border-radius: 3px; } .chip.dark { background: none; color: var(--text); border-style: dashed; }
.remark { display: block; color: var(--soft); font-size: .875rem; line-height: 1.4; }
.told li { padding: 3px 0 3px 14px; border-left: 3px solid var(--line); margin: 4px 0; }
.told .why { display: block; color: var(--soft); font-size: .875rem; line-height: 1.4; }
.word { display: inline-block; padding: 0 7px; margin-right: 3px; border-radius: 5px; background: var(--quiet);
  font-size: .8125rem; font-weight: 600; }
details { margin: 6px 0; } summary { cursor: pointer; padding: 3px 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 600px) {
  .index li { grid-template-columns: minmax(0, 1fr) auto; padding: 9px 14px; }
  .index .soft { grid-row: 2; grid-column: 1 / -1; }
  .topology { padding: 14px 14px 16px; } .facts { gap: 8px 22px; } .headline, .top { gap: 6px 10px; } }
@media print { body { background: none; } .topology { break-inside: avoid; } }
"""

STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
"""For the page's content security policy, which allows this style and no other."""
