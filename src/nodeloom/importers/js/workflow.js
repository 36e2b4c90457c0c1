// The stand-in for `n8n-workflow`: the names descriptions are written with. Every other name is an inert placeholder.
(placeholders, copy) => {
  "use strict";
  class VersionedNodeType {
    constructor(nodeVersions, description) {
      this.nodeVersions = nodeVersions;
      this.currentVersion = description.defaultVersion ?? this.getLatestVersion();
      this.description = description;
    }
    getLatestVersion() {
      return Math.max(...Object.keys(this.nodeVersions).map(Number));
    }
    getNodeType(version) {
      return this.nodeVersions[version ?? this.currentVersion];
    }
  }
  const connections = {
    AiAgent: "ai_agent", AiChain: "ai_chain", AiDocument: "ai_document", AiEmbedding: "ai_embedding",
    AiLanguageModel: "ai_languageModel", AiMemory: "ai_memory", AiOutputParser: "ai_outputParser",
    AiReranker: "ai_reranker", AiRetriever: "ai_retriever", AiTextSplitter: "ai_textSplitter", AiTool: "ai_tool",
    AiVectorStore: "ai_vectorStore", Main: "main",
  };
  const known = {
    BINARY_ENCODING: "base64",
    NodeConnectionType: connections,
    NodeConnectionTypes: connections,
    SEND_AND_WAIT_OPERATION: "sendAndWait",
    VersionedNodeType,
    deepCopy: (value) => copy(value),
    jsonParse(text, options = {}) {
      try {
        return JSON.parse(text);
      } catch (fault) {
        if ("fallbackValue" in options) return options.fallbackValue;
        throw new Error(options.errorMessage ?? fault.message);
      }
    },
    jsonStringify: (value) => JSON.stringify(value),
    isObjectEmpty: (value) => Object.keys(value ?? {}).length === 0,
    sleep: async () => undefined,
  };
  for (const name of [
    "ApplicationError", "BaseError", "CredentialDataError", "ExecutionBaseError", "NodeApiError", "NodeError",
    "NodeOperationError", "OperationalError", "UnexpectedError", "UserError", "WorkflowActivationError",
    "WorkflowOperationError",
  ]) {
    known[name] = { [name]: class extends Error {
      constructor(...parts) {
        super(parts.filter((part) => typeof part === "string").join(": "));
      }
    } }[name];
  }
  const rest = placeholders.make("inert", "n8n-workflow");
  return new Proxy(known, {
    get: (target, key) => {
      if (Object.hasOwn(target, key) || typeof key === "symbol") return target[key];
      return key === "default" ? undefined : rest[key];
    },
  });
}
