"""How a report looks, in light and in dark.  The page allows this style by its hash, and no other.

The rule: nothing here loads anything, and no color alone tells anything.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --back: #fbfbfa; --plate: #ffffff; --text: #1c2024; --dim: #5c646d; --line: #d5d9de;
  --link: #0b57a8; --bad: #b3261e; --warn: #7f4f00; --fine: #1b6b35; --wait: #7f4f00;
  --work: #5b3fa8; --ask: #0b57a8; --operator: #9b1f63;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #15181b; --plate: #1e2226; --text: #e7e9eb; --dim: #a3abb3; --line: #3a4148;
    --link: #8cbcf5; --bad: #ff9c94; --warn: #f0bf6a; --fine: #82d39a; --wait: #f0bf6a;
    --work: #c3b1f7; --ask: #8cbcf5; --operator: #f5a3cd;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 92rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
p, ul { margin: .4rem 0; }
a { color: var(--link); }
.dim, caption, .note { color: var(--dim); }
nav a { margin-right: 1rem; }
code, pre, td.id, svg text { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--plate); }
caption { text-align: left; padding: .3rem 0; }
th, td {
  padding: .35rem .6rem; border: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: break-word;
}
td:last-child { overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
tr.bad td:first-child { border-left: 4px solid var(--bad); }
.attention { display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; list-style: none; }
.attention li {
  padding: .3rem .8rem; border: 1px solid var(--line); background: var(--plate);
}
.attention li.bad { border-left: 4px solid var(--bad); }
.attention li.warn { border-left: 4px solid var(--warn); }
.attention li.you, .attention li.hint { border-left: 4px solid var(--ask); }
.attention li.fine { border-left: 4px solid var(--fine); }
.attention b { margin-right: .4rem; }
.frame {
  max-height: 75vh; overflow: auto; border: 1px solid var(--line); background: var(--plate);
}
.frame svg { display: block; }
.frame svg.names {
  position: sticky; top: 0; background: var(--plate); border-bottom: 1px solid var(--line);
}
svg text { font-size: 12px; fill: var(--text); }
svg .name { font-weight: 600; text-anchor: middle; }
svg .state { fill: var(--dim); text-anchor: middle; font-size: 11px; }
svg .number { text-anchor: end; fill: var(--dim); }
svg .clock, svg text.break { fill: var(--dim); }
svg line.lane { stroke: var(--line); stroke-width: 1.5; }
svg line.break { stroke: var(--line); stroke-dasharray: 2 4; }
svg .plate { fill: var(--plate); }
svg a .words { fill: var(--text); }
svg a:hover .words { text-decoration: underline; }
svg .say { color: var(--dim); }
svg .say.question, svg .say.answer { color: var(--ask); }
svg .say.work, svg .say.result { color: var(--work); }
svg .say.operator { color: var(--operator); }
svg .say .way { fill: none; stroke: currentColor; stroke-width: 1.6; }
svg .say.answer .way, svg .say.result .way { stroke-dasharray: 5 3; }
svg .say.operator .way { stroke-width: 3; }
svg .tip { fill: currentColor; }
svg .sign { fill: var(--plate); stroke: currentColor; stroke-width: 2; }
svg .bar.wait { fill: none; stroke: var(--wait); stroke-width: 1.4; }
svg .bar.work { fill: var(--work); }
svg .on.wait { fill: var(--wait); }
svg .on.work { fill: var(--work); }
svg .lost { stroke: var(--dim); stroke-width: 2; }
.graph { color: var(--dim); }
.graph .node { fill: var(--plate); stroke: var(--text); stroke-width: 1.6; }
.graph .away .node { stroke-dasharray: 6 4; stroke: var(--warn); }
.graph .gone .node { stroke-dasharray: 2 3; stroke: var(--bad); }
.graph .cross { stroke: var(--bad); stroke-width: 1; opacity: .55; fill: none; }
.graph .locked .node { stroke: var(--bad); stroke-width: 4; }
.graph .locked .state { fill: var(--bad); font-weight: 700; }
.graph .wait .way { fill: none; stroke: currentColor; stroke-width: 1.8; }
.graph .wait.loose .way { stroke-dasharray: 7 4; }
.graph .wait.work { color: var(--work); }
.graph .wait.orphan { color: var(--bad); }
.graph .wait.deadlock { color: var(--bad); }
.graph .wait.deadlock .way { stroke-width: 3.5; }
.graph .wait .bar { stroke: var(--bad); stroke-width: 4; fill: none; }
.graph .wait .plate { stroke: var(--line); }
.graph .wait .words { text-anchor: middle; fill: var(--text); font-size: 11px; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: 0; list-style: none; }
.key svg { vertical-align: -4px; margin-right: .4rem; }
form { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; margin: .6rem 0; }
form label { display: grid; font-size: .85rem; color: var(--dim); }
input, select {
  font: inherit; padding: .25rem .5rem; color: var(--text); background: var(--plate);
  border: 1px solid var(--dim); border-radius: 4px; min-width: 11rem;
}
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
article {
  padding: .5rem .8rem; margin: .5rem 0; border: 1px solid var(--line);
  background: var(--plate); scroll-margin-top: 1rem;
}
article:target { border-color: var(--link); outline: 2px solid var(--link); }
article.operator { border-left: 6px double var(--operator); }
article h3 { margin: 0; font-size: .95rem; font-weight: 600; overflow-wrap: anywhere; }
article h3 .kind { font-weight: 400; }
article pre { margin: .4rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
article p { font-size: .85rem; }
[hidden] { display: none !important; }
@media print { form, nav { display: none; } .frame { max-height: none; overflow: visible; } }
"""
