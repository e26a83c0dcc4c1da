// Flags and variables: which one overrides which, and the errors for bad values.

import { expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import type { Config } from "../../../src/config/config.ts";
import { ConfigError } from "../../../src/config/config-error.ts";

type Variables = Readonly<Record<string, string>>;

function configOf(args: readonly string[], env: Variables = {}): Config {
  const command = readCommandLine(args, { ...env });
  if (command.type !== "serve") throw new Error(`printed instead: ${command.text}`);
  return command.config;
}

function complaintAbout(args: readonly string[], env: Variables = {}): string {
  try {
    readCommandLine(args, { ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error("was accepted");
}

test("needs no settings at all", () => {
  expect(configOf([])).toMatchObject({
    host: "127.0.0.1",
    port: 8080,
    slots: 4,
    context: undefined,
    gpu: "auto",
    flashAttention: true,
    queue: 64,
    queueTimeoutMs: 600_000,
    alias: [],
    apiKey: [],
    strict: false,
  });
});

test("reads flags", () => {
  const config = configOf(["--port", "0", "--gpu-layers=12", "--strict", "--flash-attention=off"]);

  expect(config).toMatchObject({ port: 0, gpuLayers: 12, strict: true, flashAttention: false });
});

test("reads variables", () => {
  const config = configOf([], {
    SLUICE_PORT: "9000",
    SLUICE_GPU_LAYERS: "12",
    SLUICE_STRICT: "on",
    SLUICE_LOG_FORMAT: "json",
  });

  expect(config).toMatchObject({ port: 9000, gpuLayers: 12, strict: true, logFormat: "json" });
});

test("prefers a flag to its variable, and a variable to the default", () => {
  const env = { SLUICE_SLOTS: "2", SLUICE_QUEUE: "7" };

  expect(configOf(["--slots", "3"], env)).toMatchObject({ slots: 3, queue: 7, port: 8080 });
});

test("treats an empty variable as one that is not set", () => {
  expect(configOf([], { SLUICE_PORT: "", SLUICE_API_KEY: "" })).toMatchObject({
    port: 8080,
    apiKey: [],
  });
});

test.each([
  ["1.5", 1500],
  ["0.25", 250],
  ["60", 60_000],
  ["250ms", 250],
  ["90s", 90_000],
  ["10m", 600_000],
  ["1.5h", 5_400_000],
])("takes the time %s as %i ms", (time, ms) => {
  expect(configOf(["--stall-timeout", time]).stallTimeoutMs).toBe(ms);
  expect(configOf([], { SLUICE_HEARTBEAT: time }).heartbeatMs).toBe(ms);
});

test("takes a repeated flag, or a variable with commas, as a list", () => {
  expect(configOf(["--alias", "gpt", "--alias", "llama"]).alias).toEqual(["gpt", "llama"]);
  expect(configOf([], { SLUICE_ALIAS: "gpt, llama" }).alias).toEqual(["gpt", "llama"]);
});

test("does not split the value of a flag at commas", () => {
  expect(configOf(["--alias", "a,b"]).alias).toEqual(["a,b"]);
});

test("replaces the list of a variable by the list of the flags", () => {
  expect(configOf(["--alias", "flag"], { SLUICE_ALIAS: "one,two" }).alias).toEqual(["flag"]);
});

test("passes the alias '*' on", () => {
  expect(configOf(["--alias", "*"]).alias).toEqual(["*"]);
});

const BAD: readonly [args: string[], env: Variables, complaint: string][] = [
  [["--port", "99999"], {}, '--port is "99999": allowed is an integer from 0 to 65535'],
  [["--port", "80.5"], {}, '--port is "80.5": allowed is an integer from 0 to 65535'],
  [["--port="], {}, '--port is "": allowed is an integer from 0 to 65535'],
  [[], { SLUICE_PORT: "http" }, 'SLUICE_PORT is "http": allowed is an integer from 0 to 65535'],
  [["--slots", "0"], {}, '--slots is "0": allowed is an integer from 1 to 256'],
  [["--gpu", "CUDA"], {}, '--gpu is "CUDA": allowed is auto, cuda, metal, vulkan or off'],
  [
    ["--queue-timeout", "0"],
    {},
    '--queue-timeout is "0": allowed is a number of seconds from 0.001 to 2000000, or a time such as 250ms, 90s, 10m or 1.5h',
  ],
  [
    ["--queue-timeout", "1d"],
    {},
    '--queue-timeout is "1d": allowed is a number of seconds from 0.001 to 2000000, or a time such as 250ms, 90s, 10m or 1.5h',
  ],
  [[], { SLUICE_STRICT: "maybe" }, 'SLUICE_STRICT is "maybe": allowed is on or off'],
  [[], { SLUICE_ALIAS: "a,,b" }, 'SLUICE_ALIAS is "a,,b": allowed is a name'],
  [["--model="], {}, '--model is "": allowed is a path to a .gguf file'],
];

test.each(BAD)(
  "refuses %j with %j, naming setting, value and what is allowed",
  (args, env, complaint) => {
    expect(complaintAbout(args, env)).toBe(complaint);
  },
);

test("complains in one line, whatever the value", () => {
  expect(complaintAbout(["--port", "1\n2"])).toBe(
    '--port is "1\\n2": allowed is an integer from 0 to 65535',
  );
});

test.each([
  [["--prot", "1"], "Unknown option '--prot' (see --help)"],
  [["--port"], "Option '--port <value>' argument missing (see --help)"],
  [["--strict=yes"], "Option '--strict' does not take an argument (see --help)"],
])("refuses %j and points to --help", (args, complaint) => {
  expect(complaintAbout(args)).toBe(complaint);
});

test.each([
  [["--api-key="], {}],
  [["--api-key", "top-secret", "--api-key", " "], {}],
  [[], { SLUICE_API_KEY: "top-secret,," }],
])("shows no API key when one of %j is bad", (args, env) => {
  const complaint = complaintAbout(args, env);

  expect(complaint).toMatch(
    /^(--api-key|SLUICE_API_KEY): allowed is a key of printable ASCII characters without spaces$/,
  );
});

test("shows no API key when another setting is bad", () => {
  const complaint = complaintAbout(["--api-key", "top-secret", "--host", "0.0.0.0", "--port", "x"]);

  expect(complaint).toContain("--port");
  expect(complaint).not.toContain("top-secret");
});

test.each(["0.0.0.0", "::", "192.168.1.5", "example.com", "127.0.0.1.example.com"])(
  "does not listen on %s without a key",
  (host) => {
    expect(complaintAbout(["--host", host])).toBe(
      `--host is "${host}": other machines can connect, so it requires --api-key or --keys-file (or --allow-no-key)`,
    );
  },
);

test.each(["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1"])(
  "listens on %s without a key, because only this machine can connect",
  (host) => {
    expect(configOf(["--host", host]).host).toBe(host);
  },
);

test.each([
  [":8080", "all addresses of this machine"],
  ["0.0.0.0:8080", '"0.0.0.0"'],
  ["[2001:db8::1]:8080", '"2001:db8::1"'],
])("requires a key for each address: %s", (listen, shown) => {
  const args = ["--listen", "8080", "--listen", "unix:/run/a.sock", "--listen", listen];

  expect(complaintAbout(args)).toBe(
    `--listen is ${shown}: other machines can connect, so it requires --api-key or --keys-file (or --allow-no-key)`,
  );
  expect(configOf([...args, "--api-key", "secret"]).listen).toEqual([
    ...["8080", "unix:/run/a.sock", listen],
  ]);
});

test("listens on a Unix socket without a key", () => {
  expect(configOf([], { SLUICE_LISTEN: "unix:/run/a.sock,[::1]:1" }).listen).toEqual([
    ...["unix:/run/a.sock", "[::1]:1"],
  ]);
});

test.each([
  [["--listen", "1", "--port", "8080"], {}, "--port and --listen"],
  [["--listen", "1"], { SLUICE_HOST: "127.0.0.1" }, "SLUICE_HOST and --listen"],
  [["--host", "::1"], { SLUICE_LISTEN: "1" }, "--host and SLUICE_LISTEN"],
])("%j with %j says twice where to listen", (args, env, names) => {
  expect(complaintAbout(args, env)).toBe(
    `${names} both say where to listen; give only one of them (an empty variable counts as not given)`,
  );
});

test("says which addresses --listen takes", () => {
  expect(complaintAbout(["--listen", "8080", "--listen", "localhost"])).toMatch(
    /^--listen is "localhost": allowed is HOST:PORT, .* or unix: with an absolute path/,
  );
});

test("listens anywhere with a key, or with --allow-no-key", () => {
  const host = ["--host", "0.0.0.0"];

  expect(configOf([...host, "--api-key", "secret"]).apiKey).toEqual(["secret"]);
  expect(configOf([...host, "--allow-no-key"]).allowNoKey).toBe(true);
  expect(configOf(host, { SLUICE_API_KEY: "secret" }).apiKey).toEqual(["secret"]);
  expect(configOf([...host, "--keys-file", "keys.json"]).keysFile).toBe("keys.json");
});

test("takes API keys from a file", () => {
  const env = { SLUICE_API_KEY_FILE: "/run/secrets/key" };

  expect(configOf(["--host", "0.0.0.0"], env).apiKeyFile).toBe("/run/secrets/key");
  expect(complaintAbout(["--api-key", "secret"], env)).toBe(
    "--api-key and SLUICE_API_KEY_FILE both give API keys; give only one of them",
  );
});

test("prints help even beside settings that are bad", () => {
  expect(readCommandLine(["--port", "x", "--help"], {}).type).toBe("print");
});

test.each(["--version", "-v"])("%s prints the version alone", (flag) => {
  const command = readCommandLine([flag], {});

  expect(command).toEqual({ type: "print", text: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});

// A user may forget to repeat --api-key, and a service manager logs the error.
test("shows no API key that was written without its flag", () => {
  expect(complaintAbout(["--api-key", "first", "top-secret"])).not.toContain("top-secret");
});

test("names the variable when the host came from there", () => {
  expect(complaintAbout([], { SLUICE_HOST: "0.0.0.0" })).toContain("SLUICE_HOST");
});

test("says how long a time limit may be, which Node's timers restrict", () => {
  expect(complaintAbout(["--queue-timeout", "9999999"])).toContain("2000000");
});

test.each([
  ["2", 2],
  ["loopback", ["loopback"]],
  ["10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"]],
])("trusts the proxies %s", (given, expected) => {
  expect(configOf(["--trust-proxy", given]).trustProxy).toEqual(expected);
});

test("requires memory for bodies of at least twice the largest body", () => {
  expect(configOf(["--body-limit", "5000", "--body-memory", "10000"]).bodyMemory).toBe(10_000);
  expect(complaintAbout(["--body-limit", "5000", "--body-memory", "9999"])).toBe(
    "--body-memory is 9999: a body of 5000 bytes (--body-limit) could never fit; allowed is 10000 or more",
  );
});

test.each(["true", "10.0.0.0/33", "1.2.3.4/8/8", "proxy.example", "-1"])(
  "does not take %j for proxies",
  (given) => {
    expect(complaintAbout(["--trust-proxy", given])).toContain("--trust-proxy");
  },
);

test("normalizes origins and host names", () => {
  const origins = [
    "https://App.example/",
    "http://localhost:3000",
    "app://obsidian.md",
    "null",
    "*",
  ];
  const config = configOf([
    ...origins.flatMap((origin) => ["--cors-origin", origin]),
    "--allowed-host",
    "GPU-box.lan",
    "--allowed-host",
    "*",
  ]);

  expect(config.corsOrigin).toEqual([
    "https://app.example",
    "http://localhost:3000",
    "app://obsidian.md",
    "null",
    "*",
  ]);
  expect(config.allowedHost).toEqual(["gpu-box.lan", "*"]);
});

test.each([
  ["--cors-origin", "app.example"],
  ["--cors-origin", "https://app.example/path"],
  ["--cors-origin", "https://*.example"],
  ["--allowed-host", "https://gpu-box"],
  ["--allowed-host", "gpu-box:8080"],
])("does not take %s %s", (flag, value) => {
  expect(complaintAbout([flag, value])).toContain(flag);
});

test("takes several models: of repeated flags, or of a variable with semicolons", () => {
  const both = [
    { path: "a.gguf", name: null, aliases: [] },
    { path: "b.gguf", name: "b", aliases: ["x", "y"], context: 8192, isPinned: true },
  ];

  const flags = ["--model", "a.gguf", "--model", "b=b.gguf,context=8192,alias=x,alias=y,pin"];
  expect(configOf(flags).model).toMatchObject(both);
  const variable = "a.gguf; b=b.gguf,context=8192,alias=x,alias=y,pin";
  expect(configOf([], { SLUICE_MODEL: variable }).model).toMatchObject(both);
});

test("shows the one model that is wrong", () => {
  expect(complaintAbout(["--model", "a.gguf", "--model", "b.gguf,slots=0"])).toBe(
    '--model is "b.gguf,slots=0": slots must be an integer from 1 to 256, not 0',
  );
});

test.each([
  [["--model", "x=a.gguf", "--model", "x=b.gguf"], "x"],
  [["--model", "a/m.gguf", "--model", "b/m.gguf"], "m"],
  [["--model", "a.gguf", "--model", "b.gguf,alias=a"], "a"],
  [["--model", "a.gguf", "--model", "b.gguf", "--alias", "b"], "b"],
])("refuses models that share a name: %j", (args, name) => {
  expect(complaintAbout(args)).toBe(
    `--model: two models have the name "${name}"; give each a name of its own, as in NAME=PATH`,
  );
});

test("an alias replaces the file name of the first model, which another model may then have", () => {
  const args = ["--model", "a/m.gguf", "--alias", "*", "--model", "b/m.gguf"];

  expect(configOf(args).model).toHaveLength(2);
});

test("names an unknown command word, and says what is allowed", () => {
  expect(complaintAbout(["start"])).toBe(
    'unknown command "start"; the commands are serve, node, gateway, keys, pull, list, ps, load, stop, rm, cache, launch, show, bench, doctor and health; with npm, put -- before the options',
  );
});

test.each([[["sk-Secret1"]], [["--port", "1", "secret"]], [["averylongsecret"]]])(
  "does not repeat an argument that may be a key: %j",
  (args) => {
    expect(complaintAbout(args)).toMatch(/^unexpected argument; choose a model with --model PATH/);
  },
);
