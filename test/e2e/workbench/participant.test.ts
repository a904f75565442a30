import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Locator } from "playwright-core";
import { eventually } from "../../vscode/workbench.ts";
import { amqplib } from "../../vscode/workspaces.ts";
import { LIMIT, QUICK, UNKNOWN } from "./questions.ts";
import { useSession } from "./session.ts";

const MODEL = fileURLToPath(new URL("../../vscode/language-model", import.meta.url));

describe("@armt in VS Code's chat", () => {
  const at = useSession(
    amqplib,
    QUICK,
    async (window) => {
      await window.untilStatus(/^ARMT, ready/);
      await window.runCommand("Chat: Open Chat");
      // Without a model the chat takes nothing.
      await window.page.locator(".interactive-session", { hasText: "Model for Tests" }).first().waitFor();
    },
    MODEL,
  );

  /** Asks in the chat; its newest response. */
  const ask = async (question: string): Promise<Locator> => {
    const { page } = at.window;
    const responses = page.locator(".interactive-session .interactive-response");
    const before = await responses.count();
    const input = page.locator(".interactive-session .chat-input-container .monaco-editor").first();
    await eventually(async () => {
      await input.click();
      await at.window.press("Control+A", "Delete");
      await page.keyboard.type(`@armt ${question}`, { delay: 20 });
      // The list of names that the chat opens would take Enter.
      await at.window.press("Escape", "Enter");
      return await responses
        .nth(before)
        .waitFor({ timeout: 5_000 })
        .then(
          () => true,
          () => undefined,
        );
    });
    return responses.nth(before);
  };

  it("answers with the quote, how sure it is and the place, which opens at its line", async () => {
    const { window } = at;
    const response = await ask(LIMIT.question);
    await response.locator("code", { hasText: LIMIT.answer }).first().waitFor();
    await response.getByText(/^(?:Sure|Likely|Unsure)$/).waitFor();
    const place = response.locator("a", { hasText: LIMIT.name }).first();
    await place.click();
    await window.activeTab(LIMIT.name).waitFor();
    await window.untilLine(LIMIT.line);
  });

  it("says when it is not in the workspace", async () => {
    const response = await ask(UNKNOWN);
    await response.getByText("Not in this workspace").waitFor();
    await response.getByText("Nearest places. They do not answer the question.").waitFor();
  });

  it("asks no other machine", () => {
    assert.deepEqual(at.window.complaints.requests, []);
  });
});
