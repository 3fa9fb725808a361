"""c. Deactivations a second by concurrent writers, against pgbench writing the same rows."""

import os
import re
import subprocess

from house import CLIENT_CORE, Server, median, pinned, psql, spread

ROUNDS, WRITERS, ORGS, EACH = 3, 16, 8, 100
LEAST = 0.5

MAP = """
CREATE TABLE bench_person AS SELECT row_number() OVER (ORDER BY user_name) AS n, org_id, id
 FROM org_user WHERE role = 'member';
CREATE UNIQUE INDEX bench_person_n ON bench_person (n);
"""

# One deactivation as the server writes it, with the reading of the person in front.
SCRIPT = r"""
\set i :i + 1
\set n :first + :client_id * :each + :i
SELECT org_id, id AS user_id FROM bench_person WHERE n = :n \gset
SELECT gen_random_uuid() AS a, gen_random_uuid() AS b, gen_random_uuid() AS c \gset
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
UPDATE org_user SET state = 'deactivated', epoch = epoch + 1, changed_us = 1 WHERE org_id = :org_id AND id = :user_id AND state IN ('invited', 'active', 'suspended') RETURNING state, role, epoch, revoked_seq \gset
INSERT INTO user_block (org_id, user_id, source, actor_kind, actor_id, reason, created_us) VALUES (:org_id, :user_id, 'scim', 'connection', :a, '', 1) ON CONFLICT (org_id, user_id, source) DO NOTHING;
DELETE FROM session WHERE org_id = :org_id AND user_id = :user_id;
DELETE FROM api_token WHERE org_id = :org_id AND owner_id = :user_id;
DELETE FROM oidc_session WHERE org_id = :org_id AND user_id = :user_id;
INSERT INTO audit (org_id, id, at_us, actor_kind, actor_id, source, action, subject_kind, subject_id, reason_code, request_id) VALUES (:org_id, :a, 1, 'connection', :a, 'scim', 'user.deactivated', 'user', :user_id, NULL, :a);
INSERT INTO job (id, org_id, kind, payload, state, attempts, run_at_us, owner, reason, created_us) VALUES (:b, :org_id, 'user.cleanup', '{"user":"01a208e8-98a7-71c0-9cd9-35865a91ebb2","epoch":2}', 'dead', 0, 1, '', '', 1);
INSERT INTO receipt (org_id, id, kind, subject, user_id, source, received_us, committed_us, sockets, sessions, tokens, nodes) VALUES (:org_id, :c, 'user', :user_id, :user_id, 'scim', 1, 1, 0, 1, 0, '[]');
UPDATE event_head SET seq = seq + 1 WHERE stream = :org_id RETURNING seq \gset
INSERT INTO event (stream, seq, topic, payload, created_us) VALUES (:org_id, :seq, 'user.deactivated', '{"audience":"org","event":{"type":"user.deactivated","user":"01a208e8-98a7-71c0-9cd9-35865a91ebb2"}}', 1);
UPDATE revocation_head SET seq = seq + 1 WHERE partition = abs(hashtext(:org_id)) % 16 RETURNING partition, seq AS at \gset
INSERT INTO revocation (partition, seq, id, org_id, kind, subject, epoch, reason, origin, created_us) VALUES (:partition, :at, :c, :org_id, 'user', :user_id, 2, 'user.deactivated', 'x', 1);
UPDATE org_user SET revoked_seq = :at, revocation_id = :c WHERE org_id = :org_id AND id = :user_id;
COMMIT;
"""


def pgbench(house, url, script, first):
    command = ("pgbench", "-n", "-M", "prepared", "-c", WRITERS, "-j", 2, "-t", EACH, "-D", "i=0",
               "-D", f"first={first}", "-D", f"each={EACH}", "-f", script, url)
    done = subprocess.run(pinned(CLIENT_CORE, *command), capture_output=True, text=True,
                          check=False)
    rate = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
    if done.returncode != 0 or rate is None or "failed transactions: 0 " not in done.stdout:
        raise SystemExit(f"c: pgbench: {done.stderr[-2000:]}{done.stdout}")
    return float(rate.group(1))


def run(house):
    leavers = WRITERS * EACH
    url = house.database("PostgreSQL", "storm")
    seed = house.seed(url, "storm", ORGS, ROUNDS * leavers, 1)
    yardstick = house.database("PostgreSQL", "yardstick")
    house.seed(yardstick, "yardstick", ORGS, ROUNDS * leavers, 1)
    psql(yardstick, MAP)
    script = house.path("deactivate.sql")
    with open(script, "w", encoding="ascii") as out:
        out.write(SCRIPT)
    rounds = []
    with Server(house, url, core=None) as server:
        for number in range(ROUNDS):
            ours = house.load("storm", server.port, seed, number * leavers, leavers, WRITERS)
            bare = pgbench(house, yardstick, script, number * leavers)
            rounds.append({"ours": ours["per_second"], "bare": bare})
    out = psql(url, "SELECT count(*) FROM org_user WHERE state = 'deactivated'")
    if int(out) != ROUNDS * leavers:
        raise SystemExit(f"c: {out} of {ROUNDS * leavers} people are deactivated")
    bare = psql(yardstick, "SELECT count(*) FROM revocation")
    if int(bare) != ROUNDS * leavers:
        raise SystemExit(f"c: pgbench wrote {bare} of {ROUNDS * leavers} revocations")
    return {"rounds": rounds}


def report(result):
    rounds = result["rounds"]
    ratios = [one["ours"] / one["bare"] for one in rounds]
    rows = [(str(number + 1), f"{one['ours']:,.0f}", f"{one['bare']:,.0f}",
             f"{one['ours'] / one['bare']:.2f}") for number, one in enumerate(rounds)]
    return {
        "title": "c. Concurrent deactivations",
        "how": f"{WRITERS} writers send SCIM `PATCH` with `active: false`, each waiting for its "
               f"answer, {WRITERS * EACH:,} people of {ORGS} organisations a round; turn by turn "
               f"with `pgbench -M prepared -c {WRITERS}` running the statements of one "
               "deactivation on a second database of the same PostgreSQL (`fsync = on`). Our "
               "answers wait for the barrier, and our side also completes the receipts and runs "
               "the clean-up jobs, which pgbench does not.",
        "head": ("round", "deactivations/s", "pgbench transactions/s", "ratio"),
        "rows": rows,
        "verdicts": [("against pgbench", f"{median(ratios):.2f} ({spread(ratios)})",
                      f"≥ {LEAST}", median(ratios) >= LEAST)],
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, EACH = 2, 20
