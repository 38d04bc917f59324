"""Pastes as a person does, so that the page hears of it."""

from playwright.sync_api import Page


def paste(page: Page, text: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.focus("[data-urls]")
    page.keyboard.press("Control+V")
