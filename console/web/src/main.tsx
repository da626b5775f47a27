import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './design/tokens.css'
import './design/base.css'
import './shell/connection.css'
import './shell/shell.css'
import './alerts/alerts.css'
import './gateways/gateways.css'
import './sites/sites.css'
import './sites/camera.css'
import './trend/trend.css'
import './session/session.css'
import { startI18n } from './i18n/index.ts'
import { Gate } from './session/gate.tsx'
import { preferences } from './shell/preferences.ts'

startI18n(preferences.current().language)

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <Gate />
  </StrictMode>,
)
