import assert from "node:assert/strict";
import { test } from "node:test";
import { newChat, newExchange } from "../../../src/host/chat/exchange.ts";
import { ChatStore } from "../../../src/host/chat/store.ts";
import { client, params, SMALL, sandbox, workspaceOf } from "./support.ts";

test("a chat that was removed is not kept again by an answer that comes later", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  const chats = new ChatStore(engine, { askable: [{ path: workspace }] });
  const answered = (question: string) => {
    const exchange = newExchange(question, []);
    exchange.result = { status: "stopped" };
    return { ...newChat(), exchanges: [exchange] };
  };
  const kept = answered("Which port?");
  const removed = answered("Which host?");
  const running = answered("Which user?");
  await chats.save(kept);
  await chats.save(removed);
  await chats.remove(removed.id);
  await chats.remove(running.id);
  await chats.save(removed);
  await chats.save(running);
  const [other, ...more] = await engine.chats(workspace);
  assert.deepEqual([other?.id, more, await chats.all()], [kept.id, [], [kept]]);
});
