"""Whatever a remote URL looks like, its identity is one line, stable, and free of secrets."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from helpers.strategies import any_text
from oxtail.core import repository
from oxtail.core.names import is_project_key, named_project_key

hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{1,5}){1,2}", fullmatch=True)
parts = st.from_regex(r"[A-Za-z0-9_~-][A-Za-z0-9._-]{0,8}", fullmatch=True).filter(
    lambda part: not part.endswith(".git")
)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
users = st.sampled_from(("", "git@", "ann:pass@"))
ports = st.sampled_from(("", ":22", ":443", ":8443"))
ends = st.sampled_from(("", "/", ".git", ".git/"))
pieces = st.sampled_from(
    ("https://", "ssh://", "git@", "/", ":", "@", ".git", "%2e", "%", "[", "]")
)


@given(hosts, paths, users, ports, ends)
def test_every_form_of_a_url_is_the_same_repository(
    host: str, path: str, user: str, port: str, end: str
):
    expected = f"{host}/{path}"
    for scheme in ("https", "http", "ssh", "git"):
        assert repository.identity(f"{scheme}://{user}{host.upper()}{port}/{path}{end}") == expected
    assert repository.identity(f"git@{host}:{path}{end}") == expected
    assert repository.identity(f"{host}:/{path}{end}") == expected


@given(st.lists(any_text | pieces, max_size=8).map("".join))
def test_any_text_has_an_identity_of_one_printable_line_or_none(url: str):
    found = repository.identity(url)
    if found is None:
        return
    host, _, path = found.partition("/")
    assert path
    assert host == host.lower()
    assert found.isprintable()
    assert not {"", ".", ".."} & set(path.split("/"))


@given(hosts, paths, st.from_regex(r"[a-z0-9]{6,12}", fullmatch=True))
def test_a_password_never_reaches_the_identity(host: str, path: str, secret: str):
    found = repository.identity(f"https://x:S{secret}S@{host}/{path}")
    assert found is not None
    assert f"S{secret}S" not in found


@given(any_text.filter(bool), any_text.filter(bool))
def test_a_key_is_hex_and_a_given_name_never_meets_a_repository(one: str, other: str):
    key = repository.project_key(one)
    assert key is not None
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert key != named_project_key(other)
    assert is_project_key(key)
    assert is_project_key(named_project_key(other))


sections = st.sampled_from(('[remote "origin"]', "[core]", '[remote "x"', "[", "url = a:b", "\\"))


@given(st.lists(any_text | sections, max_size=8).map("\n".join))
def test_any_text_can_be_read_as_a_git_configuration(config: str):
    url = repository.remote_url(config)
    assert url is None or url
