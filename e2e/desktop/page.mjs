// Debian's Chromium on the page where a user confirms a code.
import { chromium } from "playwright-core";
import { after, folder } from "../station.mjs";

// Chromium asks Google's hosts for updates of its own at every start, unless it is
// told not to; and as root it has no sandbox.
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// browser has a profile folder that goes with the test. The tenant's certificate is
// signed by an authority that was made with it, which no browser knows.
export async function browser(t) {
  const home = folder(t);
  const context = await chromium.launchPersistentContext(`${home}/profile`, {
    executablePath: "/usr/bin/chromium", headless: true, ignoreHTTPSErrors: true, args,
    env: { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8" },
  });
  after(t, () => context.close());
  return context;
}

// openPage goes to the address that init prints, and returns what the user sees.
export async function openPage(context, confirm) {
  const page = await context.newPage();
  await page.goto(confirm.verification_uri_complete);
  const main = page.getByRole("main");
  return {
    code: () => page.locator("#user-code").innerText(),
    scopes: () => page.getByRole("list").getByRole("listitem").allInnerTexts(),
    press: async (name) => {
      await page.getByRole("button", { name }).click();
      await page.getByRole("status").waitFor();
      return main.innerText();
    },
  };
}
