import { resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { resolveWorkspace } from "../../engine/workspace.ts";
import { openToAsk, type Runner } from "../context.ts";
import { type CommonFlags, required, withCommonFlags } from "../options.ts";
import { Progress } from "../progress.ts";
import { duration, plural } from "../quantities.ts";
import { type BadLine, ResultsFile, readQuestions, resultLine } from "../questions.ts";
import { safeLine } from "../terminal.ts";

interface BatchFlags extends CommonFlags {
  readonly workspace: string;
  readonly questions: string;
  readonly out: string;
  readonly resume?: boolean;
}

/** Registers `armt batch`. */
export function addBatch(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("batch")
      .summary("answer a file of questions")
      .description(
        'Answers a file with {"id","question"} on each line; writes one line for each answer as it is found.',
      )
      .requiredOption("--workspace <dir>", "the folder to ask", required)
      .requiredOption("--questions <file>", "questions, one JSON object a line", required)
      .requiredOption("--out <file>", "where the answers go, one JSON object a line", required)
      .option("--resume", "keep the answers that --out has already, and go on"),
  ).action(
    run(async (context, flags: BatchFlags) => {
      const { questions, bad } = readQuestions(flags.questions);
      for (const line of bad) context.note(describeBadLine(flags.questions, line));
      if (questions.length === 0) {
        context.note(`${safeLine(flags.questions)} has no question to ask.`);
        return 2;
      }
      if (resolve(flags.out) === resolve(flags.questions)) {
        throw new CommanderError(2, "armt.batch", "--out is the file with the questions. Choose another file.");
      }
      resolveWorkspace(flags.workspace);
      using results = new ResultsFile(flags.out, flags.resume === true);
      const { engine: opened, index } = await openToAsk(context, flags.workspace, flags);
      await using engine = opened;

      const started = performance.now();
      const open = questions.filter(({ id }) => !results.answered.has(id));
      let abstained = 0;
      using progress = new Progress(context.signal);
      for (const [done, { id, question }] of open.entries()) {
        progress.onQuestions(done, open.length, performance.now() - started);
        const answer = await engine.ask(question, {}, context.signal);
        results.append(resultLine(id, answer));
        if (answer.abstained) abstained++;
      }
      progress.stop();

      const ms = Math.round(performance.now() - started);
      const summary = { questions: open.length, kept: questions.length - open.length, abstained, bad, ms, index };
      context.result(flags, summary, describe(summary, flags.out));
      return bad.length === 0 ? 0 : 1;
    }),
  );
}

function describeBadLine(file: string, { line, reason }: BadLine): string {
  return `${safeLine(file)}:${line}: ${safeLine(reason)}; this line is left out.`;
}

function describe(
  summary: {
    readonly questions: number;
    readonly abstained: number;
    readonly bad: readonly BadLine[];
    readonly ms: number;
  },
  out: string,
): string {
  const found = `${plural(summary.questions - summary.abstained, "answer")}, ${summary.abstained} not found`;
  const each = summary.questions === 0 ? "" : ` (${duration(summary.ms / summary.questions)} a question)`;
  const bad = summary.bad.length === 0 ? "" : `; ${plural(summary.bad.length, "bad line")} left out`;
  return `${plural(summary.questions, "question")}: ${found}${bad}, in ${duration(summary.ms)}${each}. Results: ${safeLine(out)}`;
}
