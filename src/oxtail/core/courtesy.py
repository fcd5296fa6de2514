# ruff: noqa: RUF001 - the table is in many alphabets
"""Which messages only acknowledge: thanks, got it, bye, an emoji.

The rule is an allowlist, because damping talk is worth less than losing a word of work.  A body
counts as content-free only if it is short and *all* of it is phrases of the table below, emoji and
the punctuation between them.  One other word, a digit, a question mark, a path or code, and it has
content.  Left out of the table on purpose: what decides or reports ("yes", "no", "done", "agreed",
"go ahead"), greetings, and verbs of request in any language.

It needs no knowledge of the language: an unknown one has content.  ``docs/concepts.md`` says so to
users.
"""

from __future__ import annotations

from typing import Final

from oxtail.core.governor import COURTESY_MAX_CHARS
from oxtail.core.value import Value

_PHRASES: Final = """
# English
ok | okay | okey | oki | okie | okie dokie | okey dokey | k | kk | mkay | alright | all right
got it | gotcha | understood | i understand | i see | noted | duly noted | ack | acked
acknowledged | i acknowledge | message received | received | receipt acknowledged | roger
roger that | copy that | wilco | will do | aye | aye aye | loud and clear | makes sense
fair enough | sounds good | sounds great | sounds like a plan | good | very good | great | nice
cool | fine | neat | sweet | lovely | perfect | excellent | awesome | amazing | wonderful
fantastic | brilliant | super | superb | splendid | great stuff | good stuff | nice one
nice work | great work | good work | good job | great job | well done | great news | good to know
good to hear | glad to hear it | glad to hear that | happy to hear that | thanks | thank you
thank you all | thanks all | many thanks | thanks a lot | thanks a million | thanks a bunch
thanks so much | thanks very much | thank you so much | thank you very much | thanks again
thank you again | thx | tnx | thanx | ty | tysm | tyvm | cheers | much appreciated | appreciated
appreciate it | i appreciate it | i appreciate that | really appreciate it | appreciate that
thanks for that | thank you for that | thanks for this | thanks for confirming
thank you for confirming | thanks for the confirmation | thanks for the update
thank you for the update | thanks for the heads up | thanks for letting me know
thank you for letting me know | thanks for your help | thank you for your help
thanks for the help | thanks for everything | thank you for everything | thanks for acknowledging
thank you for acknowledging | thanks for your message | thank you for your message
thanks for the kind words | thank you for the kind words | you're welcome | youre welcome
you are welcome | you're very welcome | you are very welcome | you're most welcome | most welcome
yw | my pleasure | the pleasure is mine | the pleasure is all mine | pleasure | anytime | any time
no problem | no problem at all | not a problem | np | no worries | no worries at all
don't mention it | not at all | happy to help | glad to help | always happy to help
glad i could help | happy i could help | happy to be of help | no trouble at all
always a pleasure | likewise | same here | same to you | you too | to you too | ditto
standing by | i'm standing by | i am standing by | i'll stand by | i will stand by
i'll be standing by | i will be standing by | standing by for further instructions
standing by for further updates | standing by for your next message | ready when you are
i'm ready when you are | i am ready when you are | here if you need me | i'm here if you need me
i am here if you need me | i'm here if you need anything | i am here if you need anything | bye
bye bye | bye for now | goodbye | good bye | farewell | see you | see ya | cya | see you soon
see you later | see you around | see you then | talk soon | talk later | talk to you soon
talk to you later | ttyl | until next time | till next time | take care | have fun
have a good one | have a good day | have a great day | have a nice day | have a wonderful day
have a good evening | have a great evening | have a nice evening | have a good night
have a good weekend | have a great weekend | have a nice weekend | good night | good luck
all the best | best regards | best wishes | kind regards | regards | over and out | enjoy your day
enjoy the rest of your day | enjoy your weekend | it was a pleasure
it was a pleasure working with you | it's been a pleasure | it has been a pleasure
pleasure working with you | nice working with you | great working with you | always here to help
yay | woohoo | hooray | haha | hehe | lol | wow
# German
danke | danke dir | danke euch | danke ihnen | danke schön | dankeschön | danke sehr | vielen dank
vielen lieben dank | besten dank | herzlichen dank | tausend dank | danke nochmal
danke für die info | danke für die rückmeldung | danke für die bestätigung | bitte | bitte schön
bitteschön | bitte sehr | gern | gerne | sehr gern | sehr gerne | gern geschehen | gerne geschehen
kein problem | nichts zu danken | keine ursache | verstanden | alles klar | in ordnung | notiert
zur kenntnis genommen | klar | prima | super | toll | klasse | perfekt | sehr gut | gut | schön
wunderbar | ausgezeichnet | freut mich | passt | tschüss | tschüs | tschau | ciao
auf wiedersehen | bis bald | bis dann | bis später | schönen tag noch | einen schönen tag noch
schönen abend noch | schönes wochenende | gute nacht | viel erfolg | mach's gut | ebenso
gleichfalls
# French
merci | merci beaucoup | merci bien | merci à toi | merci à vous | un grand merci | mille mercis
de rien | je t'en prie | je vous en prie | avec plaisir | pas de problème | pas de souci
il n'y a pas de quoi | bien reçu | compris | c'est noté | noté | entendu | parfait | super
génial | très bien | bien | au revoir | à bientôt | à plus | à plus tard | à demain
bonne journée | bonne soirée | bonne nuit | bon week-end
# Spanish
gracias | muchas gracias | mil gracias | muchísimas gracias | gracias a ti | gracias a usted
de nada | no hay de qué | con gusto | con mucho gusto | un placer | entendido | recibido | anotado
comprendido | vale | perfecto | genial | estupendo | excelente | muy bien | bien | adiós | adios
hasta luego | hasta pronto | hasta mañana | nos vemos | buen día | buenas noches
que tengas un buen día | igualmente
# Italian
grazie | grazie mille | tante grazie | molte grazie | grazie a te | prego | di niente
non c'è di che | figurati | nessun problema | capito | ricevuto | va bene | perfetto | ottimo
benissimo | ciao | arrivederci | a presto | a dopo | buona giornata | buona serata | buonanotte
altrettanto
# Portuguese
obrigado | obrigada | muito obrigado | muito obrigada | obrigado a você | valeu | de nada
por nada | disponha | sem problema | sem problemas | entendido | entendi | compreendido | recebido
anotado | perfeito | ótimo | excelente | tchau | até logo | até mais | até breve | bom dia
boa noite | tenha um bom dia | igualmente
# Dutch, Swedish, Danish, Norwegian, Finnish
dank je | dank je wel | dankjewel | dank u | dank u wel | bedankt | hartelijk dank | graag gedaan
geen probleem | begrepen | duidelijk | genoteerd | prima | oké | tot ziens | doei | fijne dag
tack | tack så mycket | tusen tack | varsågod | inga problem | uppfattat | förstått | hej då | tak
mange tak | tusind tak | selv tak | ingen problem | forstået | modtaget | farvel | takk
tusen takk | mange takk | bare hyggelig | forstått | mottatt | ha det | kiitos | paljon kiitoksia
ole hyvä | selvä | ymmärretty | näkemiin | hei hei
# Polish, Czech, Russian, Ukrainian, Turkish
dzięki | dziękuję | dziękuję bardzo | nie ma za co | proszę bardzo | zrozumiałem | rozumiem
jasne | świetnie | do widzenia | do zobaczenia | na razie | díky | děkuji | není zač | rozumím
na shledanou | nashledanou | спасибо | большое спасибо | спасибо большое | благодарю | пожалуйста
не за что | понял | поняла | понятно | принято | ясно | хорошо | отлично | до свидания
до встречи | пока | удачи | окей | ок | дякую | щиро дякую | будь ласка | нема за що | зрозуміло
зрозумів | добре | до побачення | teşekkürler | teşekkür ederim | çok teşekkürler
çok teşekkür ederim | sağ ol | rica ederim | bir şey değil | anlaşıldı | anladım | tamam
tamamdır | harika | görüşürüz | hoşça kal
# Arabic, Hebrew, Hindi, Indonesian, Vietnamese
شكرا | شكرًا | شكرا جزيلا | شكرا لك | عفوا | حسنا | حسنًا | مفهوم | تمام | مع السلامة | תודה
תודה רבה | בבקשה | אין בעד מה | הבנתי | מעולה | להתראות | धन्यवाद | शुक्रिया | बहुत धन्यवाद
ठीक है | समझ गया | समझ गई | अलविदा | terima kasih | makasih | sama-sama | sama sama | baik | siap
sampai jumpa | cảm ơn | cám ơn | cảm ơn bạn | không có gì | đã hiểu | tạm biệt
# Chinese, Japanese, Korean
谢谢 | 谢谢你 | 谢谢您 | 多谢 | 感谢 | 非常感谢 | 谢了 | 不客气 | 不用谢 | 没关系 | 没问题 | 收到
明白 | 明白了 | 了解 | 知道了 | 好 | 好的 | 好吧 | 再见 | 拜拜 | 回头见 | 辛苦了 | 謝謝 | 謝謝你
感謝 | 不客氣 | 沒問題 | 再見 | ありがとう | ありがとうございます | ありがとうございました
どうも | どうもありがとうございます | どういたしまして | 了解です | 了解しました
了解いたしました | 承知しました | 承知いたしました | かしこまりました | わかりました
分かりました | お疲れ様です | お疲れ様でした | よろしくお願いします | さようなら | またね | では
감사합니다 | 고맙습니다 | 고마워요 | 고마워 | 천만에요 | 별말씀을요 | 알겠습니다 | 알겠어요
좋아요 | 안녕히 계세요 | 수고하세요 | 수고하셨습니다 | 또 봐요
"""

_LINKS: Final = "and | so | then | well | oh | ah | again | too | all | everyone | everybody | team"
"""Words that may stand between phrases, and say nothing by themselves."""

_BLANKS: Final = ".,!\u2026~\u2013\u2014-\u00a1\u3001\u3002\uff0c\uff01\uff5e\u060c\u0964"
"""What separates words, beside white space; a dot inside a word is looked for before."""

_TO_SPACES: Final = str.maketrans(dict.fromkeys(_BLANKS, " "))
_FACES: Final = frozenset(
    (
        ":)",
        ":-)",
        ":d",
        ":-d",
        ";)",
        ";-)",
        ":p",
        ":-p",
        ":]",
        "=)",
        "^^",
        "^_^",
        "<o/",
        "\\o/",
        "xd",
    )
)
_SIGNS: Final = frozenset(
    "❓❔❗❕⁉‼❌❎⛔🚫🛑🚨🆘👎🔴🟡🟢⚠✋🤚🖐🙅🙋🤔💥🔥🐛⏸⏹▶⏭⏩⏪🔁🔄↩↪➕➖✖➗💯🔟🆗🆕🆙"
)
"""Pictures that ask, warn, refuse, count or command."""


_LINK_WORDS: Final = frozenset(_LINKS.split(" | "))


class _Table(Value):
    """The phrases, every word of them and of the links, and how many words the longest has."""

    phrases: frozenset[str]
    words: frozenset[str]
    longest: int


_made: list[_Table] = []


def _table() -> _Table:
    """Return the table, which is made at the first use."""
    if not _made:
        text = _PHRASES.casefold().replace("-", " ")
        lines = [line for line in text.split("\n") if line and line[0] != "#"]
        phrases = frozenset(each.strip() for each in "|".join(lines).split("|"))
        words = _LINK_WORDS.union(" ".join(phrases).split())
        longest = max(phrase.count(" ") for phrase in phrases) + 1
        _made.append(_Table(phrases, words, longest))
    return _made[0]


def is_content_free(body: str) -> bool:
    """Tell whether *body* only acknowledges.

    True only for a text of at most 120 characters that consists of known phrases, emoji and
    punctuation.  False for everything that has a digit, a question mark, a path, code, or any
    other word.
    """
    if not body or len(body) > COURTESY_MAX_CHARS:
        return False
    text = body.casefold()
    if not text.isascii():
        text = "".join(" " if _is_picture(each) else each for each in text.replace("\u2019", "'"))
    parts = [part for part in text.split() if part not in _FACES]
    words = " ".join(parts).translate(_TO_SPACES).split()
    # Most bodies have a word that is in no phrase, and need no closer look.
    if not _table().words.issuperset(words) or any(map(_is_technical, parts)):
        return False
    return not words or _are_phrases(words)


def _is_picture(character: str) -> bool:
    code = ord(character)
    return character not in _SIGNS and (
        0x1F300 <= code <= 0x1FAFF
        or 0x2600 <= code <= 0x27BF
        or code in (0x2B50, 0x2B55, 0x200D, 0xFE0E, 0xFE0F)
        or 0x1F1E6 <= code <= 0x1F1FF
    )


def _is_technical(part: str) -> bool:
    """Tell whether *part* has a dot inside, as names have, or a dash in front, as options have."""
    inner = part.rstrip(_BLANKS)
    return "." in inner or (inner[:1] == "-" and bool(inner.strip(_BLANKS)))


def _are_phrases(words: list[str]) -> bool:
    """Tell whether *words* are phrases one after the other, the longest first, and links."""
    phrases, _, longest = _table()
    at, found = 0, False
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            if " ".join(words[at : at + size]) in phrases:
                at += size
                found = True
                break
        else:
            if words[at] not in _LINK_WORDS:
                return False
            at += 1
    return found
