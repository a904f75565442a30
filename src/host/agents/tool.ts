import * as vscode from "vscode";
import { answerText, fenced } from "../chat/copy.ts";
import type { Exchange } from "../chat/exchange.ts";
import { type Asking, askApart, placeName } from "./asking.ts";

/** The name in package.json. */
const NAME = "armt_ask";

interface Input {
  readonly question: string;
  readonly narrow?: readonly string[];
}

/** Lets language models in VS Code ask: what is quoted then goes to the model that asks. */
export function registerTool(asking: Asking): vscode.Disposable {
  return vscode.lm.registerTool<Input>(NAME, {
    prepareInvocation: ({ input: { question } }) => ({
      invocationMessage: new vscode.MarkdownString().appendText(vscode.l10n.t("Asking ARMT: {0}", question)),
    }),
    async invoke({ input: { question, narrow = [] } }, token) {
      const exchange = await askApart(asking, { text: question, narrow }, token);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(describe(exchange))]);
    },
  });
}

/** For a model to read: quotes are exact, and no quote can close its fence. Not translated. */
function describe(exchange: Exchange): string {
  const { result, citations } = exchange;
  const partial =
    "partial" in result && result.partial !== undefined ? [`Only ${result.partial} % of the workspace was read.`] : [];
  const places = citations.map((place) => `${placeName(place)}\n${fenced(place.quote)}`);
  if (result.status !== "answered") {
    const nearest = places.length === 0 ? [] : ["The nearest places, which do not answer it:"];
    return ["Not found in the workspace.", ...partial, ...nearest, ...places].join("\n\n");
  }
  const sure = `Probability that this is right: ${Math.round(result.confidence * 100)} %.`;
  return [answerText(exchange), sure, ...partial, "Quoted from:", ...places].join("\n\n");
}
