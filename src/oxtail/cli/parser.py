"""From words to the arguments of a verb, by the tables of :mod:`oxtail.cli.verbs`.

Options may stand before, between and after other arguments; ``--`` ends them.  A word that begins
with ``-`` and is no option is an error, so that a typing error is never sent as a message.

The standard library's parser does the same and costs a tenth of what a send may cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from oxtail.cli.verbs import arguments_of, named
from oxtail.errors import BadArgument, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.cli.argument import Argument

HELP_FLAGS = ("--help", "-h")


class Options:
    """The arguments of one verb, each under its name."""

    def __init__(self, **arguments: Any) -> None:
        self.__dict__.update(arguments)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class HelpWanted(Exception):
    """``--help`` was among the words."""


def usage_of(verb: str) -> str:
    """Return the usage of *verb* in one line."""
    arguments = arguments_of(verb)
    options = [argument.usage for argument in arguments if argument.flag]
    places = [argument.usage for argument in arguments if not argument.flag]
    return " ".join(["oxtail", verb, *options, *places])


def help_of(verb: str) -> str:
    """Return what ``oxtail VERB --help`` prints."""
    arguments = arguments_of(verb)
    width = max((len(argument.label) for argument in arguments), default=0)
    lines = [f"  {argument.label:<{width}}  {argument.help}" for argument in arguments]
    promise = named(verb).promise
    return "\n".join([f"usage: {usage_of(verb)}", "", promise, *([""] if lines else []), *lines])


class _Reader:
    """Reads the words of one verb."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        arguments = arguments_of(verb)
        self._flags = {each.flag: each for each in arguments if each.flag}
        self._flags |= {each.short: each for each in arguments if each.short}
        self._places = [each for each in arguments if not each.flag]
        self._options = Options(
            **{each.name: False if _is_switch(each) else each.default for each in arguments}
        )

    def refuse(self, problem: str) -> NoReturn:
        raise UsageError(problem, usage=usage_of(self._verb))

    def read(self, words: Sequence[str]) -> Options:
        left = iter(words)
        placed: list[str] = []
        for word in left:
            if word == "--":
                placed.extend(left)
            elif word in HELP_FLAGS:
                raise HelpWanted
            elif word.startswith("-") and word != "-":
                self._option(word, left)
            else:
                placed.append(word)
        self._place(placed)
        return self._options

    def _option(self, word: str, left: Iterator[str]) -> None:
        flag, has_value, value = word.partition("=")
        argument = self._flags.get(flag)
        if argument is None:
            self.refuse(f"unknown option {flag}; -- before the text lets it begin with a dash")
        if _is_switch(argument):
            if has_value:
                self.refuse(f"{flag} takes no value")
            self._set(argument, True)
            return
        if not has_value:
            following = next(left, None)
            if following is None:
                self.refuse(f"{flag} needs a value: {argument.label}")
            value = following
        converted = self._converted(argument, value)
        if argument.repeat:
            before = getattr(self._options, argument.name) or []
            converted = [*before, converted]
        self._set(argument, converted)

    def _place(self, words: list[str]) -> None:
        for argument in self._places:
            if argument.unless and getattr(self._options, argument.unless):
                continue
            if not words and argument.optional:
                continue
            if not words:
                self.refuse(f"{argument.label} is missing")
            if argument.many:
                self._set(argument, [_text(argument, word) for word in words])
                return
            self._set(argument, self._converted(argument, words.pop(0)))
        if words:
            self.refuse(f"unexpected: {words[0]}")

    def _converted(self, argument: Argument, word: str) -> object:
        text = _text(argument, word)
        if argument.choices and text not in argument.choices:
            name = argument.flag or argument.value
            self.refuse(f"{name} must be one of {', '.join(argument.choices)}")
        try:
            return argument.convert(text)
        except ValueError as error:
            self.refuse(f"{argument.flag or argument.label} {error}")

    def _set(self, argument: Argument, value: object) -> None:
        setattr(self._options, argument.name, value)


def _is_switch(argument: Argument) -> bool:
    return argument.flag is not None and argument.value is None and not argument.choices


def _text(argument: Argument, word: str) -> str:
    # A path may be any bytes; everything else is stored or compared as text.
    if argument.value == "PATH":
        return word
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise BadArgument(argument.name, "is not valid UTF-8") from error
    if "\0" in word:
        raise BadArgument(argument.name, "holds NUL")
    return word


def as_typed(error: BadArgument, verb: str, words: Sequence[str]) -> BadArgument:
    """Return *error* with a message that names the option in *words* that it is about, if one is.

    Code and fields stay: programs compare these.
    """
    typed = {word.partition("=")[0] for word in words}
    options = [argument for argument in arguments_of(verb) if argument.flag]
    for argument in options:
        if argument.flag in typed and error.field in (argument.name, argument.field):
            problem = error.problem
            for other in options:
                # What is one word only in a program is the name of an argument.
                if "_" in other.name:
                    problem = problem.replace(other.name, other.flag or "")
            error.message = f"{argument.flag}: {problem}"
    return error


def parse(verb: str, words: Sequence[str]) -> Options:
    """Return the arguments of *verb* in *words*.

    Raises:
        UsageError: they are not what the verb takes.
        BadArgument: a text among them is not valid UTF-8, or holds NUL.
        HelpWanted: ``--help`` is among them, before any ``--``.
    """
    return _Reader(verb).read(words)
