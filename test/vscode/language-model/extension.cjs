const vscode = require("vscode");

const MODEL = {
  id: "model-for-tests",
  name: "Model for Tests",
  family: "tests",
  version: "1",
  maxInputTokens: 8000,
  maxOutputTokens: 1000,
  isUserSelectable: true,
  isDefault: true,
  capabilities: { toolCalling: true, imageInput: false },
};

exports.activate = async (context) => {
  const provider = {
    provideLanguageModelChatInformation: async () => [MODEL],
    provideLanguageModelChatResponse: async () => {
      throw new Error("The model for tests was asked");
    },
    provideTokenCount: async () => 1,
  };
  context.subscriptions.push(vscode.lm.registerLanguageModelChatProvider("armt-tests", provider));
  // VS Code knows the models of a vendor once it has looked for them.
  await vscode.lm.selectChatModels({ vendor: "armt-tests" });
};
