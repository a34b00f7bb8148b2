// Draws the blocks of ```mermaid, which mdBook shows as code.
for (const code of document.querySelectorAll("code.language-mermaid")) {
    const picture = document.createElement("div");
    picture.className = "mermaid";
    picture.textContent = code.textContent;
    code.parentElement.replaceWith(picture);
}
mermaid.initialize({ startOnLoad: true });
