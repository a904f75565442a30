import { statSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { describeAnswer } from "../answer-text.ts";
import { openToAsk, type Runner } from "../context.ts";
import { type CommonFlags, withCommonFlags } from "../options.ts";

/** Exit code: the question's answer is not in the workspace. */
const NOT_FOUND = 3;

/** Registers `armt ask [folder] "question"`. */
export function addAsk(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("ask")
      .summary("answer a question, quoted from the code")
      .description(
        "Answers a question about a folder with quotes from its files. Indexes what is new first. Exit code 3: not found.",
      )
      .usage('[options] [folder] "question"')
      .argument("<folder or question>", "the workspace (default: the current folder)")
      .argument("[question]", "one argument: quote it"),
  ).action(
    run(async (context, first: string, second: string | undefined, flags: CommonFlags) => {
      const [folder, question] = folderAndQuestion(first, second);
      const opened = await openToAsk(context, folder, flags);
      await using engine = opened.engine;
      const answer = await engine.ask(question, {}, context.signal);
      context.result(flags, answer, describeAnswer(answer));
      return answer.abstained ? NOT_FOUND : 0;
    }),
  );
}

/** One positional argument is the question, about the current folder. */
export function folderAndQuestion(first: string, second: string | undefined): readonly [string, string] {
  const [folder, question] = second === undefined ? [".", first] : [first, second];
  if (question.trim() === "") throw usageError("The question is empty.");
  if (second === undefined && statSync(question, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw usageError(`"${question}" is a folder; the question is missing.`);
  }
  return [folder, question];
}

function usageError(message: string): CommanderError {
  return new CommanderError(2, "armt.ask", `${message} Use: armt ask [folder] "question"`);
}
