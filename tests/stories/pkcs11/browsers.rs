//! Chromium and Firefox log in at a server with a TPM key, without and with a PIN.

use tests::{Browser, Display, Nginx, Token, nginx};

use super::PIN;
use super::programs::{CHROMIUM, Does, FIREFOX, Program};

/// Returns the row of the browser.
fn program(browser: Browser) -> &'static Program {
    match browser {
        Browser::Chromium => &CHROMIUM,
        Browser::Firefox => &FIREFOX,
    }
}

/// Opens a page with images without a screen. The server says who was there for the page and each image.
#[track_caller]
fn headless(browser: Browser, options: &str) {
    let token = Token::with_key(options);
    let server = Nginx::start(&token);
    let visit = browser.open(&token, &server, "gallery", None);
    let images = (0..nginx::IMAGES).map(|number| format!("image{number}"));
    for page in ["gallery".to_owned()].into_iter().chain(images) {
        assert_eq!(server.wait_for(&page, visit.log()), "SUCCESS CN=web", "{browser:?} {options}: {page}");
    }
    program(browser).passed(Does::LogIn, options);
}

/// Opens a page on a display, types this PIN once, refuses to try again, and returns who the server says was there.
#[track_caller]
fn with_pin(browser: Browser, options: &str, pin: &str) -> String {
    let options = format!("{options} -k {PIN}");
    let token = Token::with_key(&options);
    let server = Nginx::start(&token);
    let display = Display::start(&token);
    let visit = browser.open(&token, &server, "page", Some(&display));
    let visited = || server.visitor("page").is_some();
    let window = display.new_window(browser.prompt(), None, visited).expect("a question for the PIN");
    assert!(!visited(), "the page is requested before the PIN is known");
    display.picture(&format!("{}-pin", browser.name()));
    display.type_line(&window, pin);
    // A browser asks again in a new window if the PIN is wrong.
    let mut last = window;
    while let Some(again) = display.new_window(browser.prompt(), Some(&last), visited) {
        display.press(&again, "Escape");
        last = again;
    }
    let visitor = server.wait_for("page", visit.log());
    display.wait_for_title(visitor.split(' ').next().unwrap());
    display.picture(&format!("{}-{}", browser.name(), if pin == PIN { "page" } else { "refused" }));
    if visitor == "SUCCESS CN=web" {
        program(browser).passed(Does::LogIn, &options);
    }
    visitor
}

#[test]
fn chromium_logs_in_without_pin_on_several_connections_at_once() {
    for options in ["-e P-256", "-r"] {
        headless(Browser::Chromium, options);
    }
}

#[test]
fn firefox_logs_in_without_pin_on_several_connections_at_once() {
    for options in ["-e P-256", "-r"] {
        headless(Browser::Firefox, options);
    }
}

#[test]
fn chromium_logs_in_with_the_typed_pin() {
    assert_eq!(with_pin(Browser::Chromium, "-e P-256", PIN), "SUCCESS CN=web");
}

#[test]
fn firefox_logs_in_with_the_typed_pin() {
    assert_eq!(with_pin(Browser::Firefox, "-r", PIN), "SUCCESS CN=web");
}

#[test]
fn chromium_does_not_log_in_with_a_wrong_pin() {
    assert_eq!(with_pin(Browser::Chromium, "-e P-256", "9999"), "NONE -");
}

#[test]
fn firefox_does_not_log_in_with_a_wrong_pin() {
    assert_eq!(with_pin(Browser::Firefox, "-e P-256", "9999"), "NONE -");
}
