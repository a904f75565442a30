import assert from "node:assert/strict";
import { test } from "node:test";
import { isIgnoredFolder, reasonByContent, reasonByName } from "../../../src/engine/corpus/exclusions.ts";

const SECRET = `
  .env .env.local .env-prod .env_prod .envrc .envrc.local prod.env docker/app.env .ENV
  terraform.tfstate terraform.tfstate.backup terraform.tfstate.1700000000.backup prod.tfvars prod.auto.tfvars
  terraform.tfvars.json service-account.json service_account_key.json serviceAccountKey.json
  my-service-account-prod.json shop-firebase-adminsdk-x1-0a.json google-credentials.json client_secret_1-a.apps.json
  application-secrets.yml app.secrets.prod.toml application_default_credentials.json aws-credentials.csv
  kubeconfig kubeconfig-prod kubeconfig.yaml admin.kubeconfig prod-kubeconfig.yml .s3cfg .vault_pass .vault_pass.txt
  .vault-token vault-password credentials credentials.json secrets.yaml secret.txt
`;
const READ = `
  .env.example .env.sample .env.template .env-example .envrc.example example.env app.sample.env .environment .envoy
  environment.prod.ts env.js env.d.ts dotenv.go venv.py src/env/mod.rs prod.env.md
  credentials.ts secrets.py google-credentials.ts test_secrets.py secret-store.go aws-credentials.md app-secrets.spec.js
  google-credentials.example.json app-secrets.template.yaml terraform.tfvars.example example.tfvars main.tf variables.tf
  service-account.yaml serviceaccount.yaml service-account.ts service-accounts.json account-service.json
  kubeconfig.go kubeconfig_test.go kubeconfig.tpl secretary.json discredentials.json vault.go vault_pass.py
  bin/create-secret git-credential-cache
`;
const PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

const list = (names: string) => names.trim().split(/\s+/);

test("secrets are left out by their names, code about secrets is not", () => {
  assert.deepEqual(
    list(SECRET).filter((name) => reasonByName(name) !== "secret"),
    [],
  );
  assert.deepEqual(
    list(READ).filter((name) => reasonByName(name) !== undefined),
    [],
  );
});

test("no name takes longer than its length", () => {
  for (const part of [
    "-",
    ".",
    "_",
    "a",
    "-secret",
    ".env",
    "service-account",
    ".tfvars",
    "credentials-",
    "kubeconfig-",
  ])
    for (const end of ["", "!", "\n"]) reasonByName(`secret${part.repeat(20_000)}${end}`);
  assert.equal(reasonByName(`secret${"-".repeat(200)}`), "secret");
});

test("key files are left out whatever their name, code that holds or makes keys is not", () => {
  const told = (text: string | Buffer) => reasonByContent("deploy", Buffer.from(text));
  const utf16 = Buffer.from(`\ufeff${PEM}`, "utf16le");
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  for (const kind of ["RSA ", "EC ", "ENCRYPTED ", ""]) assert.equal(told(PEM.replace("OPENSSH ", kind)), "secret");
  assert.equal(told(PEM.replaceAll("PRIVATE KEY", "PRIVATE KEY BLOCK").replaceAll("OPENSSH", "PGP")), "secret");
  for (const text of [`\n  \n${PEM}`, `\ufeff${PEM}`, utf16, PEM.replaceAll("\n", "\r\n"), parameters + PEM])
    assert.equal(told(text), "secret");
  for (const text of [`const key = \`${PEM}\`;\n`, `# A test key\n${PEM}`, `"${PEM}"`, parameters])
    assert.equal(told(text), undefined);
  assert.equal(told(PEM.replaceAll("PRIVATE", "PUBLIC")), undefined);
  assert.equal(told("-----BEGIN PRIVATE KEY----- begins a key.\n"), undefined);
});

test("folders of tools are told however a disk spells them, folders of source are not", () => {
  for (const name of [".git", ".GIT", "node_modules", "Node_Modules", "CVS"]) assert.ok(isIgnoredFolder(name), name);
  for (const name of ["cvs", "git", "src"]) assert.ok(!isIgnoredFolder(name), name);
});
