"""The pages: one for every address, and files that browsers keep."""

from __future__ import annotations

import pytest

from .conftest import Project, Running, serving

PAGE = {"Accept": "text/html,application/xhtml+xml"}
FILE = "/_static/page-AB12CD34.js"


@pytest.mark.parametrize("path", ["/", "/runs", "/assets/a/b?view=lineage", "/jobs/nightly/launch", "/index.html", "/graphql.html"])
def test_every_address_of_a_page_is_answered_with_the_page(server: Running, path: str) -> None:
    answer = server.http.get(path, headers=PAGE)
    assert answer.status_code == 200
    assert f'src="{FILE}"' in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert server.http.head(path, headers=PAGE).status_code == 200
    assert server.http.get(path, headers={"Accept": "application/json"}).status_code == 404


def test_a_page_that_is_known_is_not_sent_again(server: Running) -> None:
    first = server.http.get("/runs", headers=PAGE)
    again = server.http.get("/assets", headers={**PAGE, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_kept_for_good_and_packed_as_the_browser_can_have_them(server: Running) -> None:
    plain = server.http.get(FILE, headers={"Accept-Encoding": "identity"})
    assert plain.text.startswith("export const long")
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    with server.http.stream("GET", FILE, headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["content-encoding"] == "br"
        assert b"".join(packed.iter_raw()) == b"packed by brotli"
        assert packed.headers["vary"] == "Accept-Encoding"
    assert server.http.get(FILE, headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("name", ["nothing.js", "..%2findex.html", "%2e%2e", "..%5cindex.html", "%00", ""])
def test_no_other_file_is_found(server: Running, name: str) -> None:
    for folder in ("_static", "_console"):
        assert server.http.get(f"/{folder}/{name}").status_code == 404


def test_below_a_prefix_the_page_names_it_whether_a_proxy_takes_it_away_or_not(shop: Project) -> None:
    with serving(shop, prefix="team/nb/") as running:
        for path in ("/team/nb/", "/team/nb/runs", "/runs", "/team/nbx"):
            answer = running.http.get(path, headers=PAGE)
            assert 'src="/team/nb/_static/page-AB12CD34.js"' in answer.text
        for prefix in ("", "/team/nb"):
            assert running.http.post(f"{prefix}/graphql", json={"query": "{ version }"}).status_code == 200
            assert running.http.get(f"{prefix}{FILE}").status_code == 200
        assert 'href="/team/nb/_console/' in running.http.get("/graphql", headers=PAGE).text


def test_without_pages_the_server_says_so(shop: Project) -> None:
    with serving(shop) as running:
        running.served.pages = shop.folder / "nowhere"
        answer = running.http.get("/runs", headers=PAGE)
        assert "not built" in answer.text
        assert 'href="/graphql"' in answer.text
