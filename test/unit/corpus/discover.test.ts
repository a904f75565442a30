import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, test } from "node:test";
import { discover, discoverFile } from "../../../src/engine/corpus/discover.ts";
import { findGit } from "../../../src/engine/corpus/git-program.ts";
import {
  CancelledError,
  WorkspaceEmptyError,
  WorkspaceNotFoundError,
  WorkspaceRefusedError,
  WorkspaceUnreadableError,
} from "../../../src/engine/errors.ts";
import { staysInside } from "../../../src/engine/workspace.ts";

const made: string[] = [];
const asRoot = process.getuid?.() === 0;
const posix = process.platform !== "win32";

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own with the given files. */
function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "armt-discover-")));
  made.push(root);
  for (const [name, content] of Object.entries(files)) write(root, name, content);
  return root;
}

function write(root: string, name: string, content: string | Buffer): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), content);
}

function git(root: string, ...args: string[]): void {
  execFileSync(
    "git",
    ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "protocol.file.allow=always", ...args],
    {
      cwd: root,
      stdio: "ignore",
    },
  );
}

async function look(root: string): Promise<{ files: string[]; skipped: Record<string, string> }> {
  const found = await discover(root);
  return {
    files: found.files.map((file) => file.path),
    skipped: Object.fromEntries(found.skipped.map((entry) => [entry.path, entry.reason])),
  };
}

const REASONS: Readonly<Record<string, readonly [content: string | Buffer, reason: string]>> = {
  ".env": ["A=1\n", "secret"],
  ".env.production": ["A=1\n", "secret"],
  "server.pem": ["x\n", "secret"],
  "tls.key": ["x\n", "secret"],
  "id_rsa.pub": ["x\n", "secret"],
  "store.p12": ["x\n", "secret"],
  ".npmrc": ["x\n", "secret"],
  ".netrc": ["x\n", "secret"],
  ".pypirc": ["x\n", "secret"],
  "credentials.json": ["{}\n", "secret"],
  credentials: ["x\n", "secret"],
  "secrets.yaml": ["a: b\n", "secret"],
  ".aws/config": ["x\n", "secret"],
  "logo.png": ["x", "binary"],
  "noext-binary": [Buffer.from([65, 0, 66]), "binary"],
  "app.min.js": ["a\n", "minified"],
  "bundle.js": [`var a=${"1+".repeat(50_000)}1`, "minified"],
  "package-lock.json": ["{}\n", "generated"],
  "Cargo.lock": ["x\n", "generated"],
  "app.js.map": ["{}\n", "generated"],
  "data.json": ["1,\n".repeat(400_000), "too-large"],
  "one-line.js": ["a".repeat(5_000_000), "too-large"],
  "empty.js": ["", "empty"],
};

const KEPT: Readonly<Record<string, string | Buffer>> = {
  ".env.example": "A=1\n",
  ".gitattributes": "* text\n",
  "src/credentials.go": "package a\n",
  "src/secrets.test.ts": "export {};\n",
  "utf16.txt": Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("hi\n", "utf16le")]),
  "long paragraph.md": `${"word ".repeat(3_000)}\n`,
  "with space/emoji 😀/日本.js": "1\n",
  "invalid.c": Buffer.from([0x2f, 0x2f, 0xff, 0xfe, 0x0a]),
};

for (const withGit of [false, true]) {
  test(`every skip reason ${withGit ? "in a git work tree" : "by walking"}`, async () => {
    const root = tree({
      ...KEPT,
      ...Object.fromEntries(Object.entries(REASONS).map(([name, [content]]) => [name, content])),
    });
    if (posix) write(root, "line\nbreak.js", "1\n");
    if (withGit) git(root, "init", "-q");
    const { files, skipped } = await look(root);
    const kept = [...Object.keys(KEPT), ...(posix ? ["line\nbreak.js"] : [])];
    assert.deepEqual(
      files,
      kept.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    assert.deepEqual(skipped, Object.fromEntries(Object.entries(REASONS).map(([name, [, reason]]) => [name, reason])));
    const found = await discover(root);
    assert.equal(found.source, withGit ? "git" : "walk");
    assert.equal(found.head, null);
  });

  test(`nested ignore files ${withGit ? "in a git work tree" : "by walking"}`, async () => {
    const root = tree({
      ".gitignore": "*.log\n/out/\n!keep.log\nlib/gen-*\n",
      "a.js": "1\n",
      "a.log": "1\n",
      "keep.log": "1\n",
      "out/a.js": "1\n",
      "sub/out/b.js": "1\n",
      "sub/.gitignore": "!special.log\nlocal.js\n",
      "sub/special.log": "1\n",
      "sub/local.js": "1\n",
      "local.js": "1\n",
      "lib/gen-x.js": "1\n",
      "node_modules/x/index.js": "1\n",
      "docs/.armtignore": "drafts/\n!drafts/kept.md\n*.tmp.md\n",
      "docs/a.md": "1\n",
      "docs/b.tmp.md": "1\n",
      "docs/drafts/kept.md": "1\n",
      "docs/drafts/deep/c.md": "1\n",
    });
    if (withGit) git(root, "init", "-q");
    const { files, skipped } = await look(root);
    assert.deepEqual(files, [
      ".gitignore",
      "a.js",
      "docs/.armtignore",
      "docs/a.md",
      "keep.log",
      "local.js",
      "sub/.gitignore",
      "sub/out/b.js",
      "sub/special.log",
    ]);
    assert.deepEqual(skipped, {
      "docs/b.tmp.md": "excluded",
      "docs/drafts/deep/c.md": "excluded",
      "docs/drafts/kept.md": "excluded",
    });
  });
}

test("git: head, deleted files, submodules, a folder ignored by the outer repository, hostile configuration", async () => {
  const inner = tree({ "inner.js": "1\n" });
  git(inner, "init", "-q");
  git(inner, "add", ".");
  git(inner, "commit", "-qm", "x");
  const root = tree({
    "a.js": "1\n",
    "gone.js": "1\n",
    ".gitignore": "ignored/\n",
    "ignored/b.js": "1\n",
    "nested/c.js": "1\n",
  });
  git(root, "init", "-q");
  git(path.join(root, "nested"), "init", "-q");
  git(root, "submodule", "add", "-q", inner, "module");
  git(root, "add", "a.js", "gone.js", ".gitignore");
  git(root, "commit", "-qm", "x");
  rmSync(path.join(root, "gone.js"));
  write(root, "new.js", "1\n");
  const marker = path.join(root, "ignored", "pwned");
  git(root, "config", "core.fsmonitor", `touch ${marker}; false`);
  const found = await discover(root);
  assert.match(found.head ?? "", /^[0-9a-f]{40}$/);
  assert.deepEqual(
    found.files.map((file) => file.path),
    [".gitignore", ".gitmodules", "a.js", "module/inner.js", "nested/c.js", "new.js"],
  );
  const ignored = await discover(path.join(root, "ignored"));
  assert.equal(ignored.source, "walk");
  assert.deepEqual(
    ignored.files.map((file) => file.path),
    ["b.js"],
  );
});

test("git fetches nothing that a partial clone lacks: its configuration says what would run", async () => {
  const root = tree({ "a.js": "1\n", "kept/b.js": "1\n", "lacking/c.js": "1\n" });
  git(root, "init", "-q");
  git(root, "add", ".");
  git(root, "commit", "-qm", "x");
  git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "kept");
  const lacking = execFileSync("git", ["rev-parse", "HEAD:lacking"], { cwd: root, encoding: "utf8" }).trim();
  rmSync(path.join(root, ".git", "objects", lacking.slice(0, 2), lacking.slice(2)), { force: true });
  git(root, "config", "core.repositoryFormatVersion", "1");
  git(root, "config", "extensions.partialClone", "origin");
  git(root, "config", "remote.origin.url", ".");
  git(root, "config", "remote.origin.uploadpack", "touch pwned; false");
  assert.deepEqual((await look(root)).files, ["a.js", "kept/b.js"]);
  assert.ok(!existsSync(path.join(root, "pwned")));
});

test("git is never a program of the folder that it looks at", () => {
  const [noFile, hostile, installed] = [tree({ "git/x": "", "git.exe/x": "" }), tree({}), tree({})];
  for (const folder of [hostile, installed]) {
    for (const name of ["git", "git.exe"]) {
      write(folder, name, "");
      chmodSync(path.join(folder, name), 0o755);
    }
  }
  const relative = ["", ".", path.relative(process.cwd(), hostile)];
  const searchPath = [...relative, noFile, `"${installed}"`, hostile].join(path.delimiter);
  assert.equal(findGit(searchPath, "linux"), path.join(installed, "git"));
  assert.equal(findGit(searchPath, "win32"), path.join(installed, "git.exe"));
  assert.equal(findGit(relative.join(path.delimiter)), undefined);
});

test("links: loops, targets outside, inside and gone; fifos", { skip: !posix }, async () => {
  const outside = tree({ "secret.js": "1\n", "folder/x.js": "1\n" });
  for (const withGit of [false, true]) {
    const root = tree({ "a.js": "1\n", "sub/b.js": "1\n" });
    symlinkSync(root, path.join(root, "sub", "loop"));
    symlinkSync("self", path.join(root, "self"));
    symlinkSync(path.join(outside, "secret.js"), path.join(root, "out.js"));
    symlinkSync(path.join(outside, "folder"), path.join(root, "out-folder"));
    symlinkSync("a.js", path.join(root, "alias.js"));
    symlinkSync("missing.js", path.join(root, "dangling.js"));
    if (withGit) git(root, "init", "-q");
    else execFileSync("mkfifo", [path.join(root, "pipe")]);
    const { files, skipped } = await look(root);
    assert.deepEqual(files, ["a.js", "sub/b.js"]);
    assert.deepEqual(skipped, {
      "alias.js": "link",
      "dangling.js": "unreadable",
      "out-folder": "outside",
      "out.js": "outside",
      self: "unreadable",
      "sub/loop": "link",
      ...(withGit ? {} : { pipe: "special" }),
    });
  }
});

test("files behind a link to a folder are not read, even if git's index names them", { skip: !posix }, async () => {
  const outside = tree({ "f.txt": "1\n", "deep/g.txt": "1\n" });
  const root = tree({ "a.js": "1\n", "sub/b.js": "1\n", "out/f.txt": "1\n", "in/deep/g.txt": "1\n" });
  git(root, "init", "-q");
  git(root, "add", ".");
  git(root, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},module`);
  symlinkSync(outside, path.join(root, "module"));
  for (const folder of ["out", "in"]) rmSync(path.join(root, folder), { recursive: true });
  symlinkSync(outside, path.join(root, "out"));
  mkdirSync(path.join(root, "sub/deep"));
  write(root, "sub/deep/g.txt", "1\n");
  symlinkSync("sub", path.join(root, "in"));
  const { files, skipped } = await look(root);
  assert.deepEqual(files, ["a.js", "sub/b.js", "sub/deep/g.txt"]);
  assert.deepEqual(skipped, {
    in: "link",
    "in/deep/g.txt": "link",
    module: "outside",
    out: "outside",
    "out/f.txt": "outside",
  });
  assert.equal(await discoverFile(root, "out/deep/g.txt"), "outside");
  assert.equal(await discoverFile(root, "in/b.js"), "link");
});

test("ignore files are small regular files, or say nothing", { skip: !posix }, async () => {
  const outside = tree({ rules: "*.js\n" });
  for (const name of [".gitignore", ".armtignore"]) {
    const root = tree({ "a.js": "1\n", "link/b.js": "1\n", "pipe/c.js": "1\n", "large/d.js": "1\n" });
    write(root, `large/${name}`, `*.js\n${"# padding\n".repeat(100_000)}`);
    symlinkSync(path.join(outside, "rules"), path.join(root, "link", name));
    execFileSync("mkfifo", [path.join(root, "pipe", name)]);
    write(root, name, "a.js\n");
    assert.deepEqual((await look(root)).files, [name, "large/d.js", "link/b.js", "pipe/c.js"]);
  }
});

test("include, exclude and size options; single files are judged alike", async () => {
  const root = tree({ "a.js": "1\n", "b.ts": "1\n", "test/c.js": "1\n", "big.js": "1\n".repeat(100), ".env": "A=1\n" });
  const options = { include: ["*.js"], exclude: ["test/"], maxFileBytes: 100 };
  const found = await discover(root, options);
  assert.deepEqual(
    found.files.map((file) => file.path),
    ["a.js"],
  );
  assert.equal(await discoverFile(root, "test/c.js", options), "excluded");
  assert.equal(await discoverFile(root, "big.js", options), "too-large");
  assert.equal(await discoverFile(root, ".env"), "secret");
  assert.equal(await discoverFile(root, "gone.js"), undefined);
  assert.equal(await discoverFile(root, "node_modules/x.js"), undefined);
});

test("a single file that is not inside of the workspace, or named by a detour, is refused", async () => {
  const outer = tree({ "out/f.txt": "1\n", "w/a.js": "1\n", "w/lib/b.js": "1\n" });
  const root = path.join(outer, "w");
  assert.equal(typeof (await discoverFile(root, "lib/b.js")), "object");
  for (const file of ["../out/f.txt", "lib/../../out/f.txt", path.join(outer, "out/f.txt"), path.join(root, "a.js")])
    assert.equal(await discoverFile(root, file), "outside");
  for (const file of ["./a.js", "lib//b.js", "lib/../a.js", "", ".", ".."])
    assert.equal(await discoverFile(root, file), "outside");
});

test("names of files on Windows hold no backslash, drive or stream; elsewhere they may", () => {
  for (const name of ["..\\out.txt", "lib\\b.js", "C:/out.txt", "a.js::$DATA"]) {
    assert.equal(staysInside(name, "\\"), false);
    assert.equal(staysInside(name, "/"), true);
  }
});

test("refuses what cannot or must not be indexed", async () => {
  await assert.rejects(discover(path.join(tmpdir(), "armt-no-such-folder")), WorkspaceNotFoundError);
  await assert.rejects(discover(path.join(tree({ "a.js": "1\n" }), "a.js")), WorkspaceNotFoundError);
  const home = tree({ "a.js": "1\n" });
  const variable = process.platform === "win32" ? "USERPROFILE" : "HOME";
  const before = process.env[variable];
  process.env[variable] = home;
  await assert.rejects(discover(home), WorkspaceRefusedError);
  process.env[variable] = before;
  await assert.rejects(discover(path.parse(process.cwd()).root), WorkspaceRefusedError);
  await assert.rejects(discover(tree({})), WorkspaceEmptyError);
  await assert.rejects(discover(tree({ ".env": "A=1\n" })), /1 were left out/);
});

test("no permission: folder refused, file skipped", { skip: asRoot || !posix }, async () => {
  const root = tree({ "a.js": "1\n", "b.js": "1\n", "locked/c.js": "1\n" });
  chmodSync(path.join(root, "b.js"), 0);
  chmodSync(path.join(root, "locked"), 0);
  const { files, skipped } = await look(root);
  chmodSync(path.join(root, "locked"), 0o700);
  assert.deepEqual(files, ["a.js"]);
  assert.deepEqual(skipped, { "b.js": "unreadable", "locked/": "unreadable" });
  chmodSync(root, 0);
  await assert.rejects(discover(root), WorkspaceUnreadableError);
  chmodSync(root, 0o700);
});

test("stops when cancelled", async () => {
  const root = tree({ "a.js": "1\n" });
  await assert.rejects(discover(root, {}, AbortSignal.abort()), CancelledError);
  const controller = new AbortController();
  const running = discover(root, {}, controller.signal);
  controller.abort();
  await assert.rejects(running, CancelledError);
});
