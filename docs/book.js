// Two things that mdBook doesn't do.
'use strict';

// It turns links to pages into links to .html, even where a link leads out of the book.
for (const link of document.querySelectorAll('main a[href^="../"]')) {
    link.href = link.getAttribute('href').replace(/\.html(?=#|$)/, '.md');
}

// Its search splits text at spaces and keeps only Latin letters, so no Chinese word is in its index:
// https://github.com/rust-lang/mdBook/issues/1081. But the text of all sections is there. If a search
// has Chinese characters, this looks for them in that text.
(() => {
    if (!window.elasticlunr) {
        return;
    }
    const isChinese = /\p{Script=Han}/u;
    const search = elasticlunr.Index.prototype.search;

    elasticlunr.Index.prototype.search = function(query, options) {
        if (!isChinese.test(query)) {
            return search.call(this, query, options);
        }
        const terms = query.toLowerCase().split(/\s+/);
        const results = [];
        for (const doc of Object.values(this.documentStore.docs)) {
            const [title, body] = [doc.title.toLowerCase(), doc.body.toLowerCase()];
            if (terms.every(term => title.includes(term) || body.includes(term))) {
                const score = terms.filter(term => title.includes(term)).length;
                // Show the text around the first find.
                const start = Math.max(0, body.indexOf(terms[0]) - 40);
                results.push({ref: doc.id, score, doc: {...doc, body: doc.body.slice(start, start + 160)}});
            }
        }
        return results.sort((a, b) => b.score - a.score);
    };

    // A page that is opened with a search may have run it before this script was there.
    const bar = document.getElementById('mdbook-searchbar');
    if (isChinese.test(bar.value)) {
        for (const words of ['a', bar.value]) {
            bar.value = words;
            bar.dispatchEvent(new Event('keyup'));
        }
    }

    // A search result may lead to words that are folded away.
    for (const mark of document.querySelectorAll('details mark')) {
        mark.closest('details').open = true;
    }
})();
