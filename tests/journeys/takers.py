"""python takers.py: reads {url, headers, account, plan, members} as JSON and waits for "go"; then asks for a
license for each member at once and prints the answers: ["assigned", "no-free-license", …]."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx

told = json.loads(sys.stdin.readline())
client = httpx.Client(
    base_url=told["url"], headers=told["headers"], timeout=60, limits=httpx.Limits(max_connections=None)
)


def take(member_id: str) -> str:
    wanted = {"member_id": member_id, "plan": told["plan"]}
    answer = client.post(f"/v1/accounts/{told['account']}/assignments", json=wanted)
    return "assigned" if answer.status_code == 201 else str(answer.json().get("code"))


print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(len(told["members"])) as threads:
    print(json.dumps(list(threads.map(take, told["members"]))))
