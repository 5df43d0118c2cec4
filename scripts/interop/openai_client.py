"""What the openai client gets through a hive: one line of JSON for each thing that should hold."""
import asyncio
import json
import os
import time
import traceback
import urllib.request

import openai

URL = os.environ["RBEE_URL"] + "/v1"
MODEL = "stories260K"
client = openai.OpenAI(base_url=URL, api_key=os.environ["RBEE_TOKEN"], max_retries=0)
HI = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {}}}]


def worker_stats():
    with urllib.request.urlopen(os.environ["WORKER_URL"] + "/stats") as answer:
        return json.load(answer)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def chats():
    answer = client.chat.completions.create(model=MODEL, messages=HI, n=3)
    assert len(answer.choices) == 3 and "hi" in answer.choices[0].message.content, answer
    assert answer.model_extra["unknown_field"] == {"kept": True}, answer.model_extra


def streams():
    pieces = client.chat.completions.create(model=MODEL, messages=HI, stream=True, max_tokens=5)
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    assert text == "token " * 5, text


def calls_tools():
    answer = client.chat.completions.create(model=MODEL, messages=HI, tools=TOOLS)
    call = answer.choices[0].message.tool_calls[0].function
    assert (call.name, json.loads(call.arguments)) == ("look", {"at": "sky"}), call


def sends_images():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000_000}}
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": [part]}])
    assert "image_url" in answer.choices[0].message.content


def embeds():
    answer = client.embeddings.create(model=MODEL, input="hi", encoding_format="float")
    assert answer.data[0].embedding == [0.5, -1], answer


def lists_models():
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL


def knows_errors():
    try:
        client.chat.completions.create(model="absent", messages=HI)
        raise AssertionError("no error")
    except openai.NotFoundError as error:
        assert (error.code, error.type) == ("MODEL_NOT_FOUND", "invalid_request_error"), error.body
    try:
        openai.OpenAI(base_url=URL, api_key="wrong", max_retries=0).models.list()
        raise AssertionError("no error")
    except openai.AuthenticationError:
        pass


def cancels():
    before = worker_stats()["aborted"]
    stream = client.chat.completions.create(
        model=MODEL, messages=HI, stream=True, max_tokens=100_000, extra_body={"pause_ms": 5}
    )
    next(iter(stream))
    stream.close()
    wait_until(lambda: worker_stats()["aborted"] == before + 1)


def times_out():
    try:
        client.with_options(timeout=0.3).chat.completions.create(
            model=MODEL, messages=HI, stream=False, extra_body={"pause_ms": 5_000}
        )
        raise AssertionError("no error")
    except openai.APITimeoutError:
        pass


def asks_side_by_side():
    async def ask_all():
        async with openai.AsyncOpenAI(base_url=URL, api_key=os.environ["RBEE_TOKEN"]) as many:
            async def one(number):
                stream = await many.chat.completions.create(model=MODEL, messages=HI, stream=True, max_tokens=number)
                return len([piece async for piece in stream])
            return await asyncio.gather(*(one(number) for number in range(1, 33)))
    assert asyncio.run(ask_all()) == list(range(1, 33))


CHECKS = {
    "chats, several choices, fields that it does not know": chats,
    "streams": streams,
    "gets calls of tools": calls_tools,
    "sends an image": sends_images,
    "gets embeddings": embeds,
    "lists models": lists_models,
    "knows errors by their class and code": knows_errors,
    "cancels a stream, and the worker is told": cancels,
    "runs into its own time limit": times_out,
    "asks 32 at once (AsyncOpenAI)": asks_side_by_side,
}

for what, look in CHECKS.items():
    try:
        look()
        print(json.dumps({"what": what}))
    except Exception:
        print(json.dumps({"what": what, "problem": traceback.format_exc().strip().splitlines()[-1]}))
