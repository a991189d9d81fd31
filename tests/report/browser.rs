//! A real Chromium that shows a page: skipped with one line where none is found, unless `PLANLINT_REQUIRE_CHROMIUM` is 1.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A browser and a folder of its own.
pub struct Browser {
    program: PathBuf,
    folder: TempDir,
}

/// What a browser made of a page.
pub struct Shown {
    /// The document as it stands once the page is loaded.
    pub dom: String,
    /// What it had to say about the page.
    pub console: Vec<String>,
}

/// A picture of a page.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// Its pixels, row by row.
    pub pixels: Vec<[u8; 3]>,
}

impl Browser {
    /// Finds the browser; none where there is none and none is required.
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found =
            std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|program| program.is_file());
        let Some(program) = found else {
            let required = std::env::var("PLANLINT_REQUIRE_CHROMIUM").is_ok_and(|value| value == "1");
            assert!(!required, "no chromium is found");
            eprintln!("skipped: no chromium is found");
            return None;
        };
        Some(Self { program, folder: TempDir::new().expect("a folder") })
    }

    /// Loads a page and tells what became of it.
    pub fn load(&self, page: &str) -> Shown {
        let output = self.run(page, &["--enable-logging=stderr", "--dump-dom"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let console = said.lines().filter(|line| line.contains(":CONSOLE:")).map(str::to_owned).collect();
        Shown { dom: String::from_utf8(output.stdout).expect("a page is UTF-8"), console }
    }

    /// Takes a picture of a page in a window of a size.
    pub fn picture(&self, page: &str, (width, height): (u32, u32), scheme: &str) -> Picture {
        let file = self.folder.path().join("page.png");
        let screenshot = format!("--screenshot={}", file.display());
        let size = format!("--window-size={width},{height}");
        self.run(page, &[&screenshot, &size, "--force-device-scale-factor=1", "--hide-scrollbars", scheme]);
        decode(&file)
    }

    fn run(&self, page: &str, args: &[&str]) -> Output {
        let file = self.folder.path().join("page.html");
        std::fs::write(&file, page).expect("a file");
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .arg(format!("--user-data-dir={}", self.folder.path().join("profile").display()))
            .args(args)
            .arg(format!("file://{}", file.display()))
            .output()
            .expect("the browser starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

fn decode(file: &Path) -> Picture {
    let file = std::io::BufReader::new(std::fs::File::open(file).expect("a picture was taken"));
    let mut reader = png::Decoder::new(file).read_info().expect("it is a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a picture has a size")];
    let frame = reader.next_frame(&mut bytes).expect("it holds a picture");
    assert_eq!(frame.bit_depth, png::BitDepth::Eight);
    let pixels = bytes[..frame.buffer_size()].chunks(frame.color_type.samples());
    Picture {
        width: frame.width,
        height: frame.height,
        pixels: pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    }
}

impl Picture {
    /// How many pixels are of a colour.
    pub fn count(&self, colour: [u8; 3]) -> usize {
        self.pixels.iter().filter(|pixel| **pixel == colour).count()
    }
}
