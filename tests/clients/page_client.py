"""A person at the server's page, in headless Chromium: page_client.py URL CHROMIUM. Prints one JSON object."""
import json
import sys
import time

from playwright.sync_api import sync_playwright


def wait_until(page, holds):
    """Not wait_for_function(), which the page's own policy forbids."""
    end = time.monotonic() + 90
    while not page.evaluate(holds):
        assert time.monotonic() < end, f"not within 90 s: {holds}"
        time.sleep(0.02)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[2], args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 390, "height": 780}, color_scheme="dark")
    page.set_default_timeout(90_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(sys.argv[1])
    wait_until(page, "document.title !== 'llama.efi'")
    seen = {"title": page.title(), "dark": page.evaluate("getComputedStyle(document.body).backgroundColor"),
            "wide": page.evaluate("document.documentElement.scrollWidth")}

    page.click("summary")
    page.fill("#most", "12")
    page.fill("#temperature", "0")
    page.fill("#system", "You tell stories.")
    page.click("summary")
    page.fill("#text", "Tell me one.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note")
    seen["answer"] = page.text_content(".assistant")

    # An answer without an end, stopped once something of it is there.
    page.click("summary")
    page.fill("#most", "")
    page.click("summary")
    page.fill("#text", "And then?")
    page.click("#send")
    wait_until(page, "document.querySelectorAll('.assistant').length === 2 && "
                           "document.querySelectorAll('.assistant')[1].textContent.length > 10")
    seen["streams"] = page.text_content("#send")
    page.click("#send")
    wait_until(page, "document.getElementById('send').textContent === 'Send'")
    stopped = page.locator(".assistant").nth(1).text_content()

    page.reload()
    page.wait_for_selector(".assistant")
    seen["kept"] = page.locator(".turn").count()
    seen["same"] = page.locator(".assistant").nth(1).text_content() == stopped
    page.click("#anew")
    seen["cleared"] = page.locator(".turn").count()
    seen["errors"] = errors
    browser.close()
json.dump(seen, sys.stdout)
