#!/usr/bin/python3
"""Sign-in through a real OpenID provider (oidc-provider, over TLS with an authority of its own),
against the real server.    oidc.py GATEHOUSE"""

import json
import re
import sys
import threading
import time
import urllib.parse

import house as base
import wire
from house import check, me_of

TOKEN_SECONDS = 13  # a refresh is due ten seconds before the end


class House(base.House):
    def start(self):
        values = self.peer("op", TOKEN_SECONDS=str(TOKEN_SECONDS))
        self.issuer, self.ca = values["ISSUER"], values["CA"]
        with open(self.ca, encoding="utf-8") as file:
            self.authority = file.read()
        self.serve()

    def op(self, method, path, body=None):
        answer = wire.Browser(self.ca).request(method, self.issuer + path, body)
        check(answer.status < 300, f"{path}: {answer.status} {answer.body!r}")
        return json.loads(answer.body)

    def asked(self, path):
        return self.op("GET", "/__counts").get(path, 0)


class Organisation(base.Organisation):
    def connect(self, client_auth="client_secret_basic", alg="RS256", **more):
        """A connection, and the client of that name at the provider: the connection is made first,
        because its address is what the provider has to know."""
        made = self.api.must("POST", "/api/v1/connections", {
            "kind": "oidc", "name": "Provider", "issuer": self.house.issuer, "client_id": "to come",
            "client_secret": "to come", "client_auth": client_auth, "provisioning": "jit",
            "ca_pem": self.house.authority, **more})
        client = {
            "redirect_uris": [made["redirect_uri"]], "response_types": ["code"],
            "post_logout_redirect_uris": [made["logout_redirect_uri"]],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": client_auth, "id_token_signed_response_alg": alg,
        }
        if client_auth == "private_key_jwt":
            client["jwks"] = wire.Browser().get(made["jwks_uri"]).json
            client["token_endpoint_auth_signing_alg"] = more.get("client_alg", "ES256")
        registered = self.house.op("POST", "/reg", client)
        change = {"client_id": registered["client_id"]}
        if "client_secret" in registered:
            change["client_secret"] = registered["client_secret"]
        path = f"/api/v1/connections/{made['id']}"
        self.api.must("PATCH", path, change)
        tested = self.api.must("POST", f"{path}/test")
        check(tested["ok"], f"test: {tested}")
        enabled = self.api.must("POST", f"{path}/enable", {})
        check(enabled["state"] == "enabled", f"enable: {enabled}")
        return made


def go(browser, url):
    answer = browser.get(url)
    hops = [url]
    while answer.status in (302, 303) and len(hops) < 12:
        hops.append(urllib.parse.urljoin(hops[-1], answer.location))
        if urllib.parse.urlsplit(hops[-1]).path == "/":
            break  # arrived: the page itself is not ours to test
        answer = browser.get(hops[-1])
    return answer, hops


def sign_in(house, connection, person, expected=303):
    browser = wire.Browser(house.ca)
    answer, hops = go(browser, f"{house.base}/oidc/{connection['id']}/login?login_hint={person}")
    check(answer.status == expected, f"{person}: {answer.status} at {hops[-1]} {answer.body[:300]!r}\n"
                                     f"{house.log()[-2000:]}")
    return browser


# The stories ------------------------------------------------------------------------------------


def code_and_pkce(house):
    org = Organisation(house, "acme")
    connection = org.connect()
    for _ in range(2):
        browser = sign_in(house, connection, "alice")
        me = me_of(house, browser)
        check(me["user"]["user_name"] == "alice" and me["org"]["slug"] == "acme", f"me: {me}")
    house.acme, house.connection = org, connection


def other_algorithms(house):
    for auth, alg in (("client_secret_post", "ES256"), ("client_secret_basic", "EdDSA"),
                      ("client_secret_basic", "PS256")):
        connection = house.acme.connect(auth, alg)
        me_of(house, sign_in(house, connection, f"with-{alg.lower()}"))


def private_keys(house):
    for client_alg in ("ES256", "EdDSA", "PS256", "RS256"):
        connection = house.acme.connect("private_key_jwt", client_alg=client_alg)
        me_of(house, sign_in(house, connection, f"key-{client_alg.lower()}"))


def a_narrow_allow_list_refuses(house):
    connection = house.acme.connect(alg="ES256", id_token_algs=["RS256"])
    browser = sign_in(house, connection, "erin", 401)
    check(browser.get(f"{house.base}/api/v1/me").status == 401, "signed in all the same")


def the_private_authority_is_needed(house):
    answer = house.acme.api.call("POST", "/api/v1/connections", {
        "kind": "oidc", "name": "No CA", "issuer": house.issuer, "client_id": "x",
        "client_secret": "y"})
    check(answer.status == 400 and answer.json["code"] == "http.tls", f"{answer.status} {answer.body!r}")


def private_addresses_are_refused_before_connecting(house):
    for issuer in ("https://10.0.0.1", "https://169.254.169.254", "https://[::1]", "https://[::ffff:10.1.2.3]",
                   "https://0.0.0.0", "https://192.168.0.1:8443/realms/a"):
        start = time.monotonic()
        answer = house.acme.api.call("POST", "/api/v1/connections", {
            "kind": "oidc", "name": "Inside", "issuer": issuer, "client_id": "x", "client_secret": "y"})
        check(answer.status == 400 and answer.json["code"] == "http.address", f"{issuer}: {answer.status} {answer.body!r}")
        check(time.monotonic() - start < 1.5, f"{issuer}: it was tried")


def rotation_costs_one_fetch(house):
    sign_in(house, house.connection, "alice")
    before = house.asked("/jwks")
    house.op("POST", "/__rotate?drop=1")
    sign_in(house, house.connection, "alice")
    sign_in(house, house.connection, "alice")
    check(house.asked("/jwks") == before + 1, f"{house.asked('/jwks') - before} fetches")


def eight_refreshes_are_one_call(house):
    connection = house.acme.connect()
    browser = sign_in(house, connection, "rita")
    csrf = me_of(house, browser)["csrf"]
    headers = {"X-Gatehouse-Csrf": csrf}
    url = f"{house.base}/api/v1/session/refresh"
    early = browser.request("POST", url, headers=headers)
    check(early.status == 200 and not early.json["refreshed"], f"early: {early.status} {early.body!r}")
    for _ in range(2):  # the second time with the rotated token
        time.sleep(TOKEN_SECONDS - 10 + 0.2)
        before = house.asked("/token")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            browser.request("POST", url, headers=headers))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check([a.status for a in answers] == [200] * 8, f"{[(a.status, a.body) for a in answers]}")
        check(house.asked("/token") == before + 1, f"{house.asked('/token') - before} token calls")
    house.rita = browser


def the_token_of_an_ended_session_is_revoked(house):
    browser = sign_in(house, house.acme.connect(), "olga")
    before = house.asked("/token/revocation")
    csrf = me_of(house, browser)["csrf"]
    gone = browser.request("DELETE", f"{house.base}/api/v1/session", headers={"X-Gatehouse-Csrf": csrf})
    check(gone.status == 200, f"{gone.status} {gone.body!r}")
    until = time.monotonic() + 20
    while house.asked("/token/revocation") == before and time.monotonic() < until:
        time.sleep(0.2)
    check(house.asked("/token/revocation") == before + 1, "not asked")
    check("oidc.not_revoked" not in house.log(), "refused")


def sign_out_leads_through_the_provider(house):
    browser = sign_in(house, house.connection, "alice")
    csrf = me_of(house, browser)["csrf"]
    gone = browser.request("DELETE", f"{house.base}/api/v1/session", headers={"X-Gatehouse-Csrf": csrf})
    check(gone.status == 200, f"{gone.status} {gone.body!r}")
    url = gone.json["redirect"]
    check(url.startswith(house.issuer) and "id_token_hint=" in url and "state=" in url, url)
    check(browser.get(f"{house.base}/api/v1/me").status == 401, "still signed in")
    asked = browser.get(url)
    check(asked.status == 200, f"{asked.status} {asked.body!r}")
    page = asked.body.decode()
    action = re.search(r'action="([^"]+)"', page).group(1)
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', page).group(1)
    answer = browser.request("POST", action, urllib.parse.urlencode({"xsrf": xsrf, "logout": "yes"}),
                             {"Content-Type": "application/x-www-form-urlencoded"})
    back = answer.location
    check(back.startswith(house.connection["logout_redirect_uri"] + "?state="), back)
    foreign = wire.Browser().get(house.connection["logout_redirect_uri"] + "?state=foreign")
    check(foreign.status == 400, f"foreign state: {foreign.status}")
    check(browser.get(back).status == 303, "our own state is refused")
    check(browser.get(back).status == 400, "a state is taken twice")
    check(wire.Browser().get(house.connection["logout_redirect_uri"]).status == 303, "without a state")


def two_organisations_never_mix(house):
    other = Organisation(house, "other")
    there = other.connect()
    here_browser = sign_in(house, house.connection, "alice")
    there_browser = sign_in(house, there, "alice")
    here_me, there_me = me_of(house, here_browser), me_of(house, there_browser)
    check(here_me["org"]["slug"] == "acme" and there_me["org"]["slug"] == "other", "organisations")
    check(here_me["user"]["id"] != there_me["user"]["id"], "one user in two organisations")
    seen = [user["user_name"] for user in other.api.must("GET", "/api/v1/users?limit=200")["items"]]
    check("rita" not in seen and "alice" in seen, f"{seen}")
    house.acme.api.must("POST", f"/api/v1/users/{here_me['user']['id']}/deactivate", {"reason": "left"})
    check(here_browser.get(f"{house.base}/api/v1/me").status == 401, "out, and still in")
    check(there_browser.get(f"{house.base}/api/v1/me").status == 200, "out here, so out there")


def who_is_out_stays_out(house):
    sign_in(house, house.connection, "alice", 403)
    names = [user["user_name"] for user in house.acme.api.must("GET", "/api/v1/users?limit=200")["items"]]
    check(names.count("alice") == 1, f"{names}")
    rita = me_of(house, house.rita)
    house.acme.api.must("POST", f"/api/v1/users/{rita['user']['id']}/deactivate", {"reason": "left"})
    before = house.asked("/token")
    answer = house.rita.request("POST", f"{house.base}/api/v1/session/refresh",
                                headers={"X-Gatehouse-Csrf": rita["csrf"]})
    check(answer.status == 401, f"refresh: {answer.status}")
    check(house.asked("/token") == before, "the provider was asked")


def a_domain_is_proved_by_dns_and_found_on_the_login_page(house):
    def discovered(email):
        answer = wire.Browser().request("POST", f"{house.base}/login/discover", {"email": email})
        return [method["kind"] for method in answer.json["methods"]]

    api = house.acme.api
    domain = api.must("POST", "/api/v1/domains", {"domain": "acme.test"})
    path = f"/api/v1/domains/{domain['id']}/verify"
    check(api.must("POST", path)["state"] == "pending", "proved without a record")
    house.dns.texts[domain["txt_name"]] = "something else"
    check(api.must("POST", path)["state"] == "pending", "proved by another record")
    check(discovered("x@acme.test") == ["password"], "offered before it is proved")
    house.dns.texts[domain["txt_name"]] = domain["txt_value"]
    check(api.must("POST", path)["state"] == "proved", "not proved")
    check(house.dns.asked == [domain["txt_name"]] * 3, f"{house.dns.asked}")
    check("oidc" in discovered("x@ACME.test"), "not found")
    check(discovered("x@acme.test.evil.test") == ["password"], "found by a longer name")


def nothing_secret_is_in_the_log(house):
    log = house.log()
    for word in ("eyJ", "code=", "state=", "refresh_token", "alice", "rita", "@"):
        check(word not in log, f"{word} is in the log:\n" +
              "\n".join(line for line in log.splitlines() if word in line)[:500])


STORIES = [
    code_and_pkce, other_algorithms, private_keys, a_narrow_allow_list_refuses,
    the_private_authority_is_needed, private_addresses_are_refused_before_connecting,
    rotation_costs_one_fetch, eight_refreshes_are_one_call, the_token_of_an_ended_session_is_revoked,
    sign_out_leads_through_the_provider, two_organisations_never_mix, who_is_out_stays_out,
    a_domain_is_proved_by_dns_and_found_on_the_login_page, nothing_secret_is_in_the_log,
]


base.play(House(sys.argv[1]), House.start, STORIES)
