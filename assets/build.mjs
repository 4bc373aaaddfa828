// Bundles the libraries into archcost/render/page/vendor.js, and writes what is in it, with licences and hash, beside it.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "archcost", "render", "page");

/** The package.json of a package in node_modules. */
function manifest(name) {
  return JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8"));
}

/** The packages that have code in a bundle, and what they bundle themselves: all that they depend on. */
function packagesIn(metafile) {
  const inputs = Object.values(metafile.outputs)[0].inputs;
  const direct = Object.entries(inputs).filter(
    ([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes("node_modules/"),
  );
  const names = new Set(direct.map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)[1]));
  if (names.has("@dagrejs/dagre")) names.add("@dagrejs/graphlib"); // inside dagre's own file
  return [...names].sort();
}

function licenceText(name) {
  const folder = join(here, "node_modules", name);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return file ? readFileSync(join(folder, file), "utf8").trim() : "";
}

const result = await build({
  absWorkingDir: here,
  entryPoints: ["entry.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "archcostVendor",
  target: "es2020",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
});
const packages = packagesIn(result.metafile).map((name) => {
  const { version, license } = manifest(name);
  return { name, version, license, licence_text: licenceText(name) };
});
const missing = packages.filter((each) => !each.licence_text).map((each) => each.name);
if (missing.length) throw new Error(`no licence found in ${missing.join(", ")}`);
const notice = packages.map(({ name, version, license }) => `${name} ${version} (${license})`).join(", ");
const text = `/* ${notice}. Licences: vendor.json beside this file in archcost. */\n${result.outputFiles[0].text}`;
if (/<\/script|<!--/i.test(text)) throw new Error("the bundle holds text that ends a script element");
writeFileSync(join(page, "vendor.js"), text);
const sha256 = createHash("sha256").update(text).digest("hex");
writeFileSync(
  join(page, "vendor.json"),
  `${JSON.stringify({ file: "vendor.js", sha256, bytes: Buffer.byteLength(text), packages }, null, 2)}\n`,
);
console.log(`vendor.js: ${Buffer.byteLength(text)} bytes of ${notice}`);
