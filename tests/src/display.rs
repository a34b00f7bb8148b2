//! A private X server without a screen, and a hand that types into its windows.
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::{Shell, module};

const LIMIT: Duration = Duration::from_secs(40);

/// Converts the X window dump of Xvfb (X11/XWDFile.h, 32 bits per pixel) into a PNG file.
const PNG: &str = r"
import struct, sys, zlib
dump = open(sys.argv[1], 'rb').read()
header = struct.unpack('>25I', dump[:100])
size, width, height, order, line, colors = header[0], header[4], header[5], header[7], header[12], header[19]
red, green, blue = (0, 1, 2) if order else (2, 1, 0)
red, green, blue = (red + order, green + order, blue + order)
rows = bytearray()
for y in range(height):
    row = dump[size + 12 * colors + y * line:][:4 * width]
    pixels = bytearray(3 * width)
    pixels[0::3], pixels[1::3], pixels[2::3] = row[red::4], row[green::4], row[blue::4]
    rows += b'\0' + pixels
def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
open(sys.argv[2], 'wb').write(
    b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows, 9)) + chunk(b'IEND', b''))
";

/// A running Xvfb; it is ended by pid on drop.
pub struct Display {
    _process: Process,
    shell: Shell,
}

impl Display {
    /// Starts an X server on a free display.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    #[track_caller]
    pub fn start(shell: &Shell) -> Self {
        let shell = shell.beside();
        let options = "-displayfd 1 -screen 0 1000x640x24 -nolisten tcp -fbdir .";
        let process = shell.spawn(&format!("Xvfb {options}"), "xvfb.log");
        let number = || shell.text("xvfb.log").lines().find_map(|line| line.trim().parse::<u32>().ok());
        let start = Instant::now();
        let number = loop {
            if let Some(number) = number() {
                break number;
            }
            assert!(start.elapsed() < LIMIT, "Xvfb did not come up: {}", shell.text("xvfb.log"));
            std::thread::sleep(Duration::from_millis(10));
        };
        let shell = shell.env("DISPLAY", format!(":{number}"));
        Self { _process: process, shell }
    }

    /// Returns the display's name, for the variable DISPLAY: `:99`.
    ///
    /// # Panics
    /// Never: `start` sets the variable.
    #[must_use]
    pub fn name(&self) -> String {
        let command = self.shell.command("true");
        let value = command.get_envs().find(|(name, _)| *name == "DISPLAY").and_then(|(_, value)| value);
        value.expect("DISPLAY").to_string_lossy().into_owned()
    }

    /// Returns the id of the visible window whose title contains the text.
    #[must_use]
    pub fn window(&self, title: &str) -> Option<String> {
        let found = self.shell.run(&format!("xdotool search --onlyvisible --name '{title}'"));
        found.out().lines().last().map(str::to_owned)
    }

    /// Waits for a window whose title contains the text and whose id is not `known`, and returns its id. Returns `None` if `ended` returns
    /// true first.
    ///
    /// # Panics
    /// If it does not appear.
    #[track_caller]
    pub fn new_window(&self, title: &str, known: Option<&str>, ended: impl Fn() -> bool) -> Option<String> {
        let start = Instant::now();
        loop {
            let window = self.window(title);
            if window.is_some() && window.as_deref() != known {
                return window;
            }
            if ended() {
                return None;
            }
            assert!(start.elapsed() < LIMIT, "no window {title:?}, only:\n{}", self.titles());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a title contains the text.
    ///
    /// # Panics
    /// If it does not appear.
    #[track_caller]
    pub fn wait_for_title(&self, text: &str) {
        let start = Instant::now();
        while !self.titles().contains(text) {
            assert!(start.elapsed() < LIMIT, "no title {text:?}, only:\n{}", self.titles());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types the text and Return into a window.
    ///
    /// # Panics
    /// If xdotool is missing.
    pub fn type_line(&self, window: &str, text: &str) {
        self.focus(window);
        self.shell.ok(&format!("xdotool type --delay 30 {text}"));
        self.shell.ok("xdotool key Return");
    }

    /// Presses a key in a window.
    ///
    /// # Panics
    /// If xdotool is missing.
    pub fn press(&self, window: &str, key: &str) {
        self.focus(window);
        self.shell.ok(&format!("xdotool key {key}"));
    }

    /// Saves the screen as `NAME.png` in the folder TPM2_PICTURES; does nothing if the variable is unset.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TPM2_PICTURES") else { return };
        // Until the window is drawn.
        std::thread::sleep(Duration::from_millis(500));
        self.save(&module::workspace().join(folder).join(format!("{name}.png")));
    }

    #[track_caller]
    fn save(&self, file: &Path) {
        self.shell.write("png.py", PNG);
        self.shell.ok(&format!("/usr/bin/python3 png.py Xvfb_screen0 {}", file.display()));
    }

    /// Returns the titles of the visible windows (_NET_WM_NAME; `search` knows only WM_NAME, which Firefox does not change).
    fn titles(&self) -> String {
        self.shell.run("xdotool search --onlyvisible --name . getwindowname %@").out()
    }

    /// Without a window manager, the keyboard belongs to the window under the pointer until a window is named.
    fn focus(&self, window: &str) {
        // The window may have been closed meanwhile.
        let _ = self.shell.run(&format!("xdotool windowfocus {window}"));
        // A dialog gives the keyboard to its field after it has become visible.
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_display_has_a_number_of_its_own_and_its_picture_is_a_png_of_its_size() {
        let shell = Shell::new("display");
        let displays = [Display::start(&shell), Display::start(&Shell::new("display"))];
        assert_ne!(displays[0].name(), displays[1].name());
        assert_eq!(displays[0].window("no such title"), None);
        displays[0].save(&shell.file("screen.png"));
        let picture = shell.read("screen.png");
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert_eq!(picture[16..24], [1000_u32.to_be_bytes(), 640_u32.to_be_bytes()].concat());
    }
}
