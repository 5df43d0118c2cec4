// A model that only continues texts is asked for a text, not for a chat: its files say which it is.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasChatTemplate } from "../../lib/model/chat-template.ts";
import { temporaryDirectory } from "../harness.ts";

test.each([
  ["a file of its own", { "chat_template.jinja": "{{ messages }}", "tokenizer_config.json": "{}" }, true],
  ["the tokenizer's settings", { "tokenizer_config.json": '{"chat_template": "{{ messages }}"}' }, true],
  ["several templates by name", { "tokenizer_config.json": '{"chat_template": [{"name": "default", "template": "x"}]}' }, true],
  ["settings without one", { "tokenizer_config.json": '{"bos_token": "<s>"}' }, false],
  ["settings that say none", { "tokenizer_config.json": '{"chat_template": null}' }, false],
  ["no settings", { "config.json": "{}" }, undefined],
  ["settings that are no JSON", { "tokenizer_config.json": "{" }, undefined],
  ["settings that are no object", { "tokenizer_config.json": "[]" }, false],
])("%s", (_, files, expected) => {
  using directory = temporaryDirectory();
  const paths = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(directory.path, name), text);
    return join(directory.path, name);
  });
  expect(hasChatTemplate(paths)).toBe(expected);
});
