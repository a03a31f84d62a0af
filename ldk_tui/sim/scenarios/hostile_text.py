"""What strangers write when they mean harm: one list, used for every text field of the hostile scenario.

Each is a way that text has attacked terminals and people: escape sequences, C0 and C1 controls, bidirectional
overrides, invisible characters, piles of marks, markup, row-faking newlines, look-alikes, size.
"""

from __future__ import annotations

from typing import Final

ESC, BEL, CSI, OSC, ST = "\x1b", "\x07", "\x9b", "\x9d", "\x9c"

VECTORS: Final[tuple[str, ...]] = (
    f"{ESC}[31mred{ESC}[0m",
    f"{ESC}[2J{ESC}[Hcleared",
    f"{ESC}]0;your title is mine{BEL}",
    f"{ESC}]52;c;cm0gLXJmIH4={BEL}clipboard",
    f"{ESC}]8;;https://evil.example{ESC}\\click{ESC}]8;;{ESC}\\",
    f"{ESC}[?1049l{ESC}[?25hleft the screen",
    f"{ESC}[6n{ESC}[c{ESC}Zanswer me",
    f"{ESC}P1$r0m{ESC}\\",
    f"{ESC}_Gf=24,s=1,v=1;AAAA{ESC}\\graphics",
    f"{CSI}1A{CSI}2Kone row up",
    f"{OSC}0;c1 title{ST}",
    "tab\tbackspace\b\b\bbell\x07null\x00del\x7f",
    "line one\nline two\r\nPayment of 21,000,000 sat received",
    "carriage\rSUCCEEDED",
    "paragraph\u2029separator\u2028here\x85next",
    "invoice \u202egnp.tas000,1\u202c",
    "\u2067\u2066isolate\u2069\u2069 \u200fmark\u200e",
    "zero\u200bwidth\u200cjoin\u200der\ufeff\u2060",
    "soft\u00adhyphen\u034f\u115f\u3164fillers",
    "\U000e0041\U000e0042\U000e0043 tags",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031ea"
    "\u0337\u030c\u0350\u0346\u0301\u0352\u030a\u0357\u036fl\u0334\u0313\u0306\u0350\u0358g\u0336\u033f\u030ao",
    "[bold red]markup[/] [@click=app.quit]quit[/]",
    "[/][[]] [link=file:///etc/passwd]open[/link]",
    "\\[escaped\\] ${HOME} `id` $(id) ; rm -rf ~",
    "%s%n %(key)s {0.__class__} {{template}}",
    "<script>alert(1)</script>&lt;&#x1b;",
    "'; DROP TABLE intents; --",
    '=HYPERLINK("https://evil.example")',
    "-rf --config=/etc/shadow",
    "ACINQ\u0410 \u0391CINQ \u1d00\u1d04\u026a\u0274\u01eb",
    "\u05d0\u05dc\u05d9\u05e1 \u0623\u0644\u064a\u0633 mixed",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f3f4\U000e0067\U000e007f family",
    "e\u0301 vs \u00e9 \ufb01 \u2126 \u00bd \uff11\uff12",
    "\u3000\u00a0\u2003 spaces \u2800\u180e",
    "\ue000\uf8ff\U000f0000 private use \ufffe\uffff",
    "wide \uff37\uff29\uff24\uff25 \u5bbd\u5b57\u7b26 \U00020000",
    "a" * 300,
    "\u0301" * 64,
    "\U0001f525" * 120,
    "x" * 20_000,
    "",
    " ",
)
