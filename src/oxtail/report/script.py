"""The filter of a report's messages.  The page allows this script by its hash, and no other.

The rule: it hides and shows what is there.  It makes no markup, keeps nothing and asks nobody; the
page says the same without it.
"""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """
"use strict";
(() => {
  const form = document.getElementById("filter");
  const count = document.getElementById("count");
  const messages = [...document.querySelectorAll("article.message")];
  if (!form || !count) { return; }
  const texts = messages.map((each) => each.textContent.toLowerCase());
  const apply = () => {
    const words = form.words.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const who = form.who.value;
    const kind = form.kind.value;
    let shown = 0;
    messages.forEach((each, place) => {
      const fits = words.every((word) => texts[place].includes(word)) &&
        (!who || each.dataset.lanes.split(" ").includes(who)) &&
        (!kind || each.dataset.kinds.split(" ").includes(kind));
      each.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    count.textContent = shown + " of " + messages.length + " shown";
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {
    const aim = document.getElementById(location.hash.slice(1));
    if (aim && aim.hidden) { form.reset(); apply(); aim.scrollIntoView(); }
  });
  form.hidden = false;
  apply();
})();
"""
