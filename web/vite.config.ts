// How the pages are built: each page of its own, files with hashed names, packed twins beside them, for Safari 15.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const OUT = resolve(import.meta.dirname, "../server/pacsberry/http/app");
const PAGES = ["index", "viewer", "mpr", "upload", "admin", "sign-in"];
const PACKED = /\.(?:html|js|css|svg|wasm|json)$/;

/** Writes file.gz beside each file that shrinks: the server sends it as it lies. */
function packedTwins(): Plugin {
  let out = OUT;
  return {
    name: "packed-twins",
    apply: "build",
    configResolved(config) {
      out = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const path of filesBelow(out)) {
        const content = readFileSync(path);
        const packed = gzipSync(content, { level: 9 });
        if (PACKED.test(path) && packed.length < content.length * 0.95) {
          writeFileSync(`${path}.gz`, packed);
        }
      }
    },
  };
}

/** Cornerstone's texts set their style as an attribute, which the pages' security policy forbids; a property is allowed. */
function stylesAsProperties(): Plugin {
  const attribute = "textElement.setAttribute('style', combinedStyle)";
  return {
    name: "styles-as-properties",
    transform(code, id) {
      if (!id.endsWith("/drawingSvg/drawTextBox.js")) return undefined;
      if (!code.includes(attribute))
        throw new Error("Cornerstone draws its texts in another way now: look again.");
      return { code: code.replace(attribute, "textElement.style.cssText = combinedStyle"), map: null };
    },
  };
}

/** Cornerstone's JPEG decoder puts 12-bit values 15 too high: its middle is that of 8 bits, stretched. */
function middleOfTwelveBits(): Plugin {
  const mends = [
    ["255 / ((1 << frame.precision) - 1)", "2 ** (8 - frame.precision)"],
    ["q <= -2056 / component.bitConversion", "q <= -2048 / component.bitConversion"],
    ["q >= 2024 / component.bitConversion", "q >= 2048 / component.bitConversion - 8"],
    ["255 / component.bitConversion", "256 / component.bitConversion - 1"],
    ["q + 2056 / component.bitConversion", "q + 8 + 2048 / component.bitConversion"],
  ] as const;
  return {
    name: "middle-of-twelve-bits",
    transform(code, id) {
      if (!id.endsWith("/dicom-image-loader/dist/esm/codecs/jpeg.js")) return undefined;
      if (!mends.every(([wrong]) => code.includes(wrong)))
        throw new Error("Cornerstone decodes JPEG in another way now: look again.");
      return { code: mends.reduce((done, [wrong, right]) => done.replace(wrong, right), code), map: null };
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

export default defineConfig({
  base: "./",
  resolve: {
    alias: [
      {
        find: /^(?:xmlbuilder2|fs|path)$/,
        replacement: resolve(import.meta.dirname, "src/viewer/absent.ts"),
      },
    ],
  },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "safari15",
    assetsInlineLimit: 0, // the pages' security policy knows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096, // kB: Cornerstone's, which the viewer fetches when the first picture is there
    rollupOptions: {
      input: Object.fromEntries(PAGES.map((page) => [page, resolve(import.meta.dirname, `${page}.html`)])),
    },
  },
  worker: { format: "es", plugins: () => [middleOfTwelveBits()] },
  plugins: [packedTwins(), stylesAsProperties()],
  server: {
    proxy: {
      "/pacsberry": "http://localhost:8042",
      "/dicom-web": "http://localhost:8042",
      "/instances": "http://localhost:8042",
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"] },
});
