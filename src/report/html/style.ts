import { stateStyles, states } from '../states';
import { colourRules, fontFamily, monoFamily, shapeRules } from '../svg/style';

const stateRules = (theme: 'light' | 'dark') =>
  states
    .map(
      (state) =>
        `[data-theme=${theme}] .s-${state}{--line:${stateStyles[state][theme].line};--fill:${stateStyles[state][theme].fill}}`,
    )
    .join('');

/** The page's style sheet. */
export const pageStyle = `${shapeRules}${colourRules('light', '[data-theme=light] ')}${colourRules('dark', '[data-theme=dark] ')}${stateRules('light')}${stateRules('dark')}
:root{--back:#f6f8fa;--card:#fff;--text:#16202b;--muted:#5a6774;--border:#d5dbe1;--accent:#0062a3;--on-accent:#fff;--hover:#eef2f6;color-scheme:light}
[data-theme=dark]{--back:#0e1318;--card:#171d24;--text:#e6edf3;--muted:#9aa6b2;--border:#333d48;--accent:#58b4f5;--on-accent:#0e1318;--hover:#202831;color-scheme:dark}
*{box-sizing:border-box}
html,body{margin:0;height:100%}
body{font:14px/1.45 ${fontFamily};color:var(--text);background:var(--back);display:grid;grid-template:auto 1fr/1fr auto;overflow:hidden}
button,input,select{font:inherit;color:inherit}
button{background:var(--card);border:1px solid var(--border);border-radius:7px;padding:4px 10px;cursor:pointer}
button:hover{background:var(--hover)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
header{grid-column:1/-1;display:flex;gap:8px 14px;align-items:center;padding:10px 16px;background:var(--card);border-bottom:1px solid var(--border)}
h1{flex:none;font-size:15px;margin:0;font-weight:650;max-width:32ch;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
h1 small{display:block;font-size:12px;font-weight:400;color:var(--muted)}
.tabs{display:flex;background:var(--back);border:1px solid var(--border);border-radius:8px;padding:2px}
.tabs button{border:0;background:none;border-radius:6px;padding:3px 12px;color:var(--muted)}
.tabs [aria-selected=true]{background:var(--card);color:var(--text);font-weight:600;box-shadow:0 1px 2px #0002}
.chips{flex:1;display:flex;flex-wrap:wrap;gap:5px}
.chip{display:inline-flex;align-items:center;gap:6px;border-radius:99px;padding:2px 10px 2px 3px;font-size:12.5px}
.chip[aria-pressed=true]{background:var(--fill);border-color:var(--line);font-weight:600}
.badge{display:inline-grid;place-items:center;flex:none;width:18px;height:18px;border-radius:50%;background:var(--line);color:var(--card);font-size:11px;font-weight:700;line-height:1}
.find{margin-left:auto;display:flex;align-items:center;gap:8px}
#search{width:210px;background:var(--back);border:1px solid var(--border);border-radius:8px;padding:5px 10px}
#found{font-size:12px;color:var(--muted);white-space:nowrap}
main{position:relative;min-width:0;min-height:0}
main>section{position:absolute;inset:0}
[hidden]{display:none!important}
#canvas{width:100%;height:100%;display:block;cursor:grab;touch-action:none}
#canvas.moving{cursor:grabbing}
.box{cursor:pointer;outline:none}
.box,.line{transition:opacity .12s}
.faint{opacity:.16}
.box:hover>.card,.box:focus-visible>.card{stroke-width:2}
.box.chosen>.front{stroke-width:3}
.box.group.chosen>.front,.box.group:focus-visible>.front{stroke:var(--accent)}
.edge{vector-effect:non-scaling-stroke}.tm .tip{fill:context-stroke!important}
.name{font-weight:600;display:none}
.far .name{display:inline}
.far .dot{r:13px}.far .sign{font-size:17px!important}.far .dot,.far .sign{transform:translate(1px,5px)}.far .sign{translate:0 2px}
.far .title,.far .param,.far .remark,.far .count{display:none}
.line.way .edge{stroke:var(--accent);stroke-width:2}
.running .dot{animation:beat 1.6s ease-in-out infinite}
@keyframes beat{50%{opacity:.45}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
.tools{position:absolute;right:14px;bottom:14px;display:flex;gap:5px}
.tools button{min-width:34px;height:34px;padding:0 9px}
.hint{position:absolute;left:16px;bottom:16px;color:var(--muted);font-size:12px;pointer-events:none}
kbd{font:11px ${monoFamily};border:1px solid var(--border);border-radius:4px;padding:0 4px;background:var(--card)}
.empty{position:absolute;inset:0;display:grid;place-items:center;color:var(--muted);text-align:center;padding:20px}
#scroll{position:absolute;inset:0;overflow:auto}
#chart{position:sticky;left:0;top:0;display:block}
#tip-text{position:absolute;pointer-events:none;background:var(--card);border:1px solid var(--border);border-radius:8px;padding:6px 10px;font-size:12px;box-shadow:0 4px 14px #0003;max-width:340px;white-space:pre-line;overflow-wrap:anywhere}
#rows{position:absolute;inset:40px 0 0;overflow:auto;outline-offset:-2px}
.bar{display:flex;align-items:center;gap:10px;height:40px;padding:0 16px;color:var(--muted);border-bottom:1px solid var(--border)}
.bar select{background:var(--card);border:1px solid var(--border);border-radius:6px;padding:2px 6px}
.row{position:absolute;left:0;right:0;height:32px;display:grid;grid-template-columns:18px minmax(120px,1.1fr) 3fr 84px 76px;gap:12px;align-items:center;padding:0 16px;cursor:pointer;border-bottom:1px solid var(--border);white-space:nowrap}
.row:hover{background:var(--hover)}
.row[aria-selected=true]{background:var(--hover);box-shadow:inset 3px 0 var(--accent)}
.row>*{overflow:hidden;text-overflow:ellipsis}
.row b{font-weight:600}
.row .badge{overflow:visible}
.row code{font:12px ${monoFamily};color:var(--muted)}
.row i{font-style:normal;text-align:right;color:var(--muted);font-variant-numeric:tabular-nums}
aside{width:370px;max-width:90vw;overflow:auto;background:var(--card);border-left:1px solid var(--border);padding:16px 18px}
aside .top{display:flex;align-items:flex-start;gap:10px}
aside .top .badge{margin-top:2px}
aside h2{font-size:16px;margin:0;flex:1;overflow-wrap:anywhere;line-height:1.35}
aside h2:focus{outline:none}
aside h3{font-size:11px;letter-spacing:.06em;text-transform:uppercase;color:var(--muted);margin:18px 0 6px}
aside dl{display:grid;grid-template-columns:auto 1fr;gap:4px 14px;margin:0}
aside dt{color:var(--muted)}
aside dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
aside dd code,aside pre{font:12px/1.5 ${monoFamily}}
aside pre.output{background:var(--back);border-color:var(--border);max-height:320px;overflow:auto}
aside pre{margin:0;padding:10px 12px;border-radius:8px;background:var(--fill);border:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
aside ul{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:minmax(0,1fr);gap:3px}
aside li button{width:100%;display:flex;gap:8px;align-items:center;text-align:left;border-color:transparent;padding:3px 6px;background:none}
aside li button:hover{background:var(--hover)}
aside li span:last-child{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
aside li code{font:11.5px ${monoFamily};color:var(--muted)}
aside .more{color:var(--muted);font-size:12.5px;margin:5px 6px}
dialog{border:1px solid var(--border);border-radius:12px;background:var(--card);color:var(--text);padding:20px 26px;max-width:430px}
dialog::backdrop{background:#0006}
dialog h2{margin:0 0 10px;font-size:16px}
dialog dl{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;margin:0 0 14px}
dialog dd{margin:0}
@media (max-width:760px){body{grid-template:auto 1fr auto/minmax(0,1fr)}header{flex-wrap:wrap}.chips{flex:1 0 100%}aside{width:auto;max-width:none;max-height:55vh;border:0;border-top:1px solid var(--border)}.find{margin-left:0;width:100%}.find>#found:empty{display:none}#search{flex:1;min-width:0}.hint{display:none}.row{grid-template-columns:18px 1fr 1.2fr 70px}.row i:last-child{display:none}}
`;
